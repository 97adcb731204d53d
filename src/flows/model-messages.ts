import type { MessagePart, ModelMessage } from "../core/model-call.ts";
import { shown } from "../core/shown.ts";
import { MisuseError } from "./errors.ts";

/** The messages of a call, a text being one of the user. @throws MisuseError that names what cannot be sent */
export function readMessages(what: string, prompt: string | readonly ModelMessage[]): ModelMessage[] {
  if (typeof prompt === "string") {
    if (prompt.trim() === "") throw new MisuseError(`${what}: the prompt is empty`);
    return [{ role: "user", content: prompt }];
  }
  if (!Array.isArray(prompt) || prompt.length === 0) {
    throw new MisuseError(`${what}: the prompt must be a text or a list of messages; it is ${shown(prompt)}`);
  }
  const messages = prompt.map((message: ModelMessage, index) => readMessage(`${what}: messages[${index}]`, message));
  if (messages.some(({ role }) => role !== "system")) return messages;
  throw new MisuseError(`${what}: the messages are all of the system: add one of the user, with what is asked`);
}

function readMessage(what: string, message: ModelMessage): ModelMessage {
  const isFine =
    ["system", "user", "assistant"].includes(message?.role) &&
    (typeof message.content === "string" || (Array.isArray(message.content) && message.content.length > 0));
  if (!isFine) {
    throw new MisuseError(
      `${what} must be { role: "system" | "user" | "assistant", content: text or parts }; it is ${shown(message)}`,
    );
  }
  const { role, content } = message;
  if (typeof content === "string") return { role, content };
  for (const [index, part] of content.entries()) checkPart(`${what}.content[${index}]`, part, role);
  return { role, content };
}

function checkPart(what: string, part: MessagePart, role: ModelMessage["role"]): void {
  if (role === "system" && part?.type !== "text") {
    throw new MisuseError(`${what}: messages of the system hold text only; it is ${shown(part)}`);
  }
  switch (part?.type) {
    case "text":
      if (typeof part.text === "string") return;
      throw new MisuseError(`${what}.text must be a text; it is ${shown(part.text)}`);
    case "image":
      if (part.mediaType !== undefined) checkMediaType(`${what}.mediaType`, part.mediaType);
      return checkData(`${what}.data`, part.data);
    case "file":
      checkMediaType(`${what}.mediaType`, part.mediaType);
      return checkData(`${what}.data`, part.data);
    default:
      throw new MisuseError(`${what} must be a part of type "text", "image" or "file"; it is ${shown(part)}`);
  }
}

function checkData(what: string, data: unknown): void {
  if ((data instanceof Uint8Array || typeof data === "string") && data.length > 0) return;
  throw new MisuseError(`${what} must be bytes (a Uint8Array), text in base64 or an address; it is ${shown(data)}`);
}

function checkMediaType(what: string, value: unknown): void {
  if (typeof value === "string" && value !== "") return;
  throw new MisuseError(`${what} must be a media type, for example "application/pdf"; it is ${shown(value)}`);
}
