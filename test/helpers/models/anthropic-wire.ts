import { type Reply, recordOf, recordsOf, type Tokens, usualTokens, type Wire, type WireEvent } from "./wire.ts";

const model = "claude-sonnet-4-5";

/** The Messages API of Anthropic. */
export const anthropicWire: Wire = {
  provider: "anthropic",
  model,
  basePath: "/v1",
  path: "/messages",
  keyHeader: "x-api-key",

  reply(reply) {
    const tokens = reply.tokens ?? usualTokens;
    const blocks = [...textBlock(reply), ...(reply.toolCalls ?? []).map(toolBlock)];
    return {
      head: [named("message_start", { message: message(tokens) }), named("ping", {})],
      pieces: blocks.flatMap((block, index) => block(index)),
      tail: [
        named("message_delta", { delta: { stop_reason: stopReason(reply), stop_sequence: null }, usage: used(tokens) }),
        named("message_stop", {}),
      ],
    };
  },

  error: ({ status, message, code }) => ({
    type: "error",
    error: { type: code ?? (status === 429 ? "rate_limit_error" : "api_error"), message },
  }),

  failure: ({ message, code }) => named("error", { error: { type: code, message } }),

  read(body) {
    const format = recordOf(recordOf(body["output_config"])["format"] ?? body["output_format"]);
    const results = recordsOf(body["messages"])
      .flatMap(({ content }) => recordsOf(content))
      .filter(({ type }) => type === "tool_result");
    return {
      model: body["model"],
      outputCap: body["max_tokens"],
      schema: format["schema"],
      toolNames: recordsOf(body["tools"]).map(({ name }) => name),
      toolResults: results.map(({ content }) => (typeof content === "string" ? content : JSON.stringify(content))),
    };
  },
};

function message({ input, cached = 0 }: Tokens) {
  const usage = {
    input_tokens: input - cached,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: 0,
    output_tokens: 1,
  };
  return {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
}

function used({ output, reasoning = 0 }: Tokens) {
  return { output_tokens: output, output_tokens_details: { thinking_tokens: reasoning } };
}

function stopReason({ ends, toolCalls }: Reply): string {
  if (ends === "cut") return "max_tokens";
  if (ends === "declined") return "refusal";
  return toolCalls === undefined ? "end_turn" : "tool_use";
}

type Block = (index: number) => WireEvent[];

function textBlock({ text }: Reply): Block[] {
  if (text === undefined) return [];
  return [
    (index) =>
      block(
        index,
        { type: "text", text: "" },
        text.map((piece) => ({ type: "text_delta", text: piece })),
      ),
  ];
}

function toolBlock({ name, input }: { name: string; input: unknown }): Block {
  const json = typeof input === "string" ? input : JSON.stringify(input);
  const halves = [json.slice(0, 3), json.slice(3)];
  return (index) =>
    block(
      index,
      { type: "tool_use", id: `toolu_${index}`, name, input: {} },
      halves.map((half) => ({ type: "input_json_delta", partial_json: half })),
    );
}

function block(index: number, start: object, deltas: object[]): WireEvent[] {
  return [
    named("content_block_start", { index, content_block: start }),
    ...deltas.map((delta) => named("content_block_delta", { index, delta })),
    named("content_block_stop", { index }),
  ];
}

function named(event: string, data: object): WireEvent {
  return { event, data: { type: event, ...data } };
}
