import type { ModelMessage as SdkMessage, UserContent } from "ai";
import type { MessagePart, ModelMessage, ModelRequest } from "../core/model-call.ts";

/** What a model is told beforehand, as one text: not every provider takes such messages between others. */
export function instructionsOf({ system, messages }: Pick<ModelRequest, "system" | "messages">): string | undefined {
  const told = messages.filter(({ role }) => role === "system").map(({ content }) => textOf(content));
  const all = [system, ...told].filter((text) => text !== undefined && text !== "");
  return all.length === 0 ? undefined : all.join("\n\n");
}

/** The conversation in the form of the AI SDK. */
export function conversationOf(messages: readonly ModelMessage[]): SdkMessage[] {
  return messages.flatMap(({ role, content }): SdkMessage[] => {
    if (role === "system") return [];
    if (typeof content === "string") return [{ role, content }];
    return [{ role, content: content.map(toPart) }];
  });
}

function textOf(content: ModelMessage["content"]): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}

type SdkPart = Extract<Exclude<UserContent, string>[number], { type: "text" | "file" }>;

function toPart(part: MessagePart): SdkPart {
  switch (part.type) {
    case "text":
      return part;
    case "image":
      return { type: "file", data: toData(part.data), mediaType: part.mediaType ?? "image" };
    case "file": {
      const { mediaType, filename } = part;
      return { type: "file", data: toData(part.data), mediaType, ...(filename === undefined ? {} : { filename }) };
    }
    default:
      return part satisfies never;
  }
}

function toData(data: Uint8Array | string): Uint8Array | string | URL {
  return typeof data === "string" && /^(https?|data):/i.test(data) ? new URL(data) : data;
}

/** The longest text in base64 that is shown whole. */
const longestShownData = 200;

/** A conversation as people read it: without the bytes of images and files, and without the notes of providers. */
export function shownConversation(messages: readonly SdkMessage[]): unknown {
  const text = JSON.stringify(messages, (key, value: unknown) => {
    if (key === "providerOptions") return undefined;
    if (key === "data" && typeof value === "string" && value.length > longestShownData) return sizeOf(value);
    return value instanceof Uint8Array ? sizeOf(value) : value;
  });
  return JSON.parse(text);
}

function sizeOf(data: Uint8Array | string): string {
  return typeof data === "string" ? `(${data.length} characters)` : `(${data.length} bytes)`;
}
