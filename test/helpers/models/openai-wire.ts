import { type Reply, recordOf, recordsOf, usualTokens, type Wire, type WireEvent } from "./wire.ts";

const model = "gpt-5-mini";

/** The Responses API of OpenAI. */
export const openaiWire: Wire = {
  provider: "openai",
  model,
  basePath: "/v1",
  path: "/responses",
  keyHeader: "authorization",

  reply(reply) {
    const { tokens = usualTokens, ends } = reply;
    const response = { id: "resp_1", created_at: 1_700_000_000, model };
    const isCut = ends === "cut";
    const usage = {
      input_tokens: tokens.input,
      input_tokens_details: { cached_tokens: tokens.cached ?? 0 },
      output_tokens: tokens.output,
      output_tokens_details: { reasoning_tokens: tokens.reasoning ?? 0 },
    };
    const details = { incomplete_details: isCut ? { reason: "max_output_tokens" } : null, usage };
    return {
      head: [named("response.created", { response }), named("response.in_progress", { response })],
      pieces: [...messageItem(reply), ...(reply.toolCalls ?? []).flatMap(callItem)],
      tail: [named(isCut ? "response.incomplete" : "response.completed", { response: { ...response, ...details } })],
    };
  },

  error: ({ status, message, code }) => ({
    error: { message, type: status === 429 ? "rate_limit_error" : "invalid_request_error", param: null, code },
  }),

  failure: ({ message, code }) => named("error", { code, message, param: null, sequence_number: 9 }),

  read(body) {
    const format = recordOf(recordOf(body["text"])["format"]);
    const outputs = recordsOf(body["input"]).filter(({ type }) => type === "function_call_output");
    return {
      model: body["model"],
      outputCap: body["max_output_tokens"],
      schema: format["schema"],
      toolNames: recordsOf(body["tools"]).map(({ name }) => name),
      toolResults: outputs.map(({ output }) => String(output)),
    };
  },
};

function messageItem({ text, ends }: Reply): WireEvent[] {
  if (text === undefined) return [];
  const item = { type: "message", id: "msg_1", role: "assistant", status: "in_progress", content: [] };
  const kind = ends === "declined" ? "response.refusal" : "response.output_text";
  return [
    named("response.output_item.added", { output_index: 0, item }),
    ...text.map((delta) => named(`${kind}.delta`, { item_id: "msg_1", output_index: 0, content_index: 0, delta })),
    named("response.output_item.done", { output_index: 0, item: { ...item, status: "completed" } }),
  ];
}

function callItem({ name, input }: { name: string; input: unknown }, index: number): WireEvent[] {
  const json = typeof input === "string" ? input : JSON.stringify(input);
  const id = `fc_${index}`;
  const item = { type: "function_call", id, call_id: `call_${index}`, name, arguments: "" };
  const place = { output_index: index + 1 };
  return [
    named("response.output_item.added", { ...place, item: { ...item, status: "in_progress" } }),
    ...[json.slice(0, 3), json.slice(3)].map((delta) =>
      named("response.function_call_arguments.delta", { ...place, item_id: id, delta }),
    ),
    named("response.output_item.done", { ...place, item: { ...item, arguments: json, status: "completed" } }),
  ];
}

function named(event: string, data: object): WireEvent {
  return { event, data: { type: event, ...data } };
}
