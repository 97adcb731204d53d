import {
  callText,
  joined,
  named,
  pieces,
  recordsOf,
  textOf,
  type Wire,
  type WireEvent,
  type WireMessage,
} from "./wire.ts";

/** The Responses API of OpenAI. */
export const openaiWire: Wire = {
  read({ input, instructions }) {
    const items = recordsOf(input);
    const told = items.filter(({ role }) => role === "system" || role === "developer");
    return {
      system: joined([textOf(instructions), ...told.map(({ content }) => textOf(content))]),
      messages: items.flatMap(messageOf),
    };
  },

  reply({ text, toolCalls, inputTokens, outputTokens }, model) {
    const response = { id: "resp_mock", created_at: 0, model };
    const usage = {
      input_tokens: inputTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
    };
    return [
      named("response.created", { response }),
      ...textItem(text),
      ...toolCalls.flatMap(callItem),
      named("response.completed", { response: { ...response, incomplete_details: null, usage } }),
    ];
  },

  error: (status, message) => ({
    error: { message, type: status === 429 ? "rate_limit_error" : "invalid_request_error", param: null, code: null },
  }),
};

function messageOf({ type, role, content, name, arguments: input, output }: Record<string, unknown>): WireMessage[] {
  if (type === "function_call") return [{ role: "assistant", content: callText(name, input) }];
  if (type === "function_call_output") return [{ role: "tool", content: textOf(output) }];
  return role === "user" || role === "assistant" ? [{ role, content: textOf(content) }] : [];
}

function textItem(text: string): WireEvent[] {
  if (text === "") return [];
  const item = { type: "message", id: "msg_mock", role: "assistant", status: "in_progress", content: [] };
  const place = { item_id: "msg_mock", output_index: 0, content_index: 0 };
  return [
    named("response.output_item.added", { output_index: 0, item }),
    ...pieces(text).map((delta) => named("response.output_text.delta", { ...place, delta })),
    named("response.output_item.done", { output_index: 0, item: { ...item, status: "completed" } }),
  ];
}

function callItem({ name, input }: { name: string; input: unknown }, index: number): WireEvent[] {
  const json = JSON.stringify(input);
  const id = `fc_${index}`;
  const item = { type: "function_call", id, call_id: `call_${index}`, name, arguments: "" };
  const place = { output_index: index + 1 };
  return [
    named("response.output_item.added", { ...place, item: { ...item, status: "in_progress" } }),
    named("response.function_call_arguments.delta", { ...place, item_id: id, delta: json }),
    named("response.output_item.done", { ...place, item: { ...item, arguments: json, status: "completed" } }),
  ];
}
