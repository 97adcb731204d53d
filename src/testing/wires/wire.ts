/** An answer of a model, the same for every provider. */
export interface WireReply {
  text: string;
  toolCalls: readonly { name: string; input: unknown }[];
  inputTokens: number;
  outputTokens: number;
}

export interface WireEvent {
  event?: string;
  data: unknown;
}

/** A message as it was sent, as text. */
export interface WireMessage {
  role: "user" | "assistant" | "tool";
  content: string;
}

export interface WireRequest {
  system: string | undefined;
  messages: WireMessage[];
}

/** The protocol of a provider, as far as a model needs it that answers by a script. */
export interface Wire {
  read(body: Record<string, unknown>): WireRequest;
  /** The events of a stream. */
  reply(reply: WireReply, model: string): WireEvent[];
  error(status: number, message: string): unknown;
}

export function named(event: string, data: object): WireEvent {
  return { event, data: { type: event, ...data } };
}

/** The pieces in which a text comes. */
export function pieces(text: string): string[] {
  const size = Math.max(1, Math.ceil(text.length / 3));
  return [text.slice(0, size), text.slice(size, 2 * size), text.slice(2 * size)].filter((piece) => piece !== "");
}

export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

export function recordsOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

/** The text of a content, which may be one text or a list of parts. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return content === undefined || content === null ? "" : JSON.stringify(content);
  return recordsOf(content)
    .map(({ text }) => (typeof text === "string" ? text : ""))
    .join("");
}

/** A call as it stands in a conversation. */
export function callText(name: unknown, input: unknown): string {
  return `${String(name)}(${typeof input === "string" ? input : JSON.stringify(input)})`;
}

export function joined(texts: string[]): string | undefined {
  const told = texts.filter((text) => text !== "");
  return told.length === 0 ? undefined : told.join("\n\n");
}
