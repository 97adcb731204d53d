import { callText, joined, named, pieces, recordsOf, textOf, type Wire, type WireMessage } from "./wire.ts";

/** The Messages API of Anthropic. */
export const anthropicWire: Wire = {
  read: ({ system, messages }) => ({
    system: joined([textOf(system)]),
    messages: recordsOf(messages).flatMap(({ role, content }) => messagesOf(role, content)),
  }),

  reply({ text, toolCalls, inputTokens, outputTokens }, model) {
    const usage = { input_tokens: inputTokens, output_tokens: 1 };
    const message = { id: "msg_mock", type: "message", role: "assistant", model, content: [], usage };
    const texts = text === "" ? [] : [{ start: { type: "text", text: "" }, deltas: pieces(text).map(textDelta) }];
    const calls = toolCalls.map(({ name, input }, index) => ({
      start: { type: "tool_use", id: `toolu_${index}`, name, input: {} },
      deltas: [{ type: "input_json_delta", partial_json: JSON.stringify(input) }],
    }));
    const stop_reason = toolCalls.length === 0 ? "end_turn" : "tool_use";
    return [
      named("message_start", { message: { ...message, stop_reason: null, stop_sequence: null } }),
      ...[...texts, ...calls].flatMap(({ start, deltas }, index) => [
        named("content_block_start", { index, content_block: start }),
        ...deltas.map((delta) => named("content_block_delta", { index, delta })),
        named("content_block_stop", { index }),
      ]),
      named("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: outputTokens } }),
      named("message_stop", {}),
    ];
  },

  error: (status, message) => ({
    type: "error",
    error: { type: status === 429 ? "rate_limit_error" : "api_error", message },
  }),
};

function textDelta(text: string) {
  return { type: "text_delta", text };
}

function messagesOf(role: unknown, content: unknown): WireMessage[] {
  const results = recordsOf(content).filter(({ type }) => type === "tool_result");
  if (results.length > 0) return results.map((result) => ({ role: "tool", content: textOf(result["content"]) }));
  if (role !== "user" && role !== "assistant") return [];
  const calls = recordsOf(content).filter(({ type }) => type === "tool_use");
  return [{ role, content: [textOf(content), ...calls.map(({ name, input }) => callText(name, input))].join("") }];
}
