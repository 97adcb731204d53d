import type { ResolvedModel } from "../models/model.ts";
import type { MockRequest, Resolved } from "./mock-reply.ts";
import type { Wire, WireEvent } from "./wires/wire.ts";

interface Counted extends Resolved {
  inputTokens: number;
  outputTokens: number;
}

/** The answer of a provider's server, as a stream of its own events, or its refusal. */
export function responseOf(
  wire: Wire,
  resolved: Resolved,
  asked: { request: Pick<MockRequest, "system" | "messages">; model: ResolvedModel },
): Response {
  const { request, model } = asked;
  if (resolved.failure !== undefined) return refusal(wire, resolved.failure);
  return stream(wire, model, counted(resolved, request, model));
}

/** Four characters are a token, where the reply does not say it. */
function counted(
  resolved: Resolved,
  { system = "", messages }: Pick<MockRequest, "system" | "messages">,
  model: ResolvedModel,
) {
  const asked = [system, ...messages.map(({ content }) => content)].join("");
  const answered = resolved.text + resolved.toolCalls.map(({ input }) => JSON.stringify(input)).join("");
  const { costUsd } = resolved.usage;
  const { inputTokens = tokensIn(asked), outputTokens = tokensIn(answered) } = resolved.usage;
  if (costUsd !== undefined) setPrice(model, costUsd, inputTokens + outputTokens);
  return { ...resolved, inputTokens, outputTokens };
}

function tokensIn(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}

/** The price at which this one request costs so much. */
function setPrice(model: ResolvedModel, costUsd: number, tokens: number): void {
  const rate = tokens === 0 ? 0 : (costUsd * 1_000_000) / tokens;
  model.price = { input: rate, output: rate };
}

function stream(wire: Wire, model: ResolvedModel, reply: Counted): Response {
  const encoder = new TextEncoder();
  const events = wire.reply(reply, model.model).map((event) => encoder.encode(written(event)));
  return new Response(ReadableStream.from(events), { headers: { "content-type": "text/event-stream" } });
}

function written({ event, data }: WireEvent): string {
  const name = event === undefined ? "" : `event: ${event}\n`;
  return `${name}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

function refusal(
  wire: Wire,
  { status, message = `the mocked model fails with ${status}`, retryAfter }: NonNullable<Resolved["failure"]>,
): Response {
  const headers = {
    "content-type": "application/json",
    ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
  };
  return new Response(JSON.stringify(wire.error(status, message)), { status, headers });
}
