import {
  callText,
  joined,
  pieces,
  recordOf,
  recordsOf,
  textOf,
  type Wire,
  type WireEvent,
  type WireMessage,
} from "./wire.ts";

/** Chat completions, as Ollama and servers that imitate OpenAI speak them. */
export const chatWire: Wire = {
  read(body) {
    const all = recordsOf(body["messages"]);
    return {
      system: joined(all.filter(({ role }) => role === "system").map(({ content }) => textOf(content))),
      messages: all.flatMap(({ role, content, tool_calls: calls }): WireMessage[] => {
        if (role === "tool") return [{ role, content: textOf(content) }];
        if (role !== "user" && role !== "assistant") return [];
        const called = recordsOf(calls).map((call) => recordOf(call["function"]));
        return [{ role, content: [textOf(content), ...called.map(callOf)].join("") }];
      }),
    };
  },

  reply({ text, toolCalls, inputTokens, outputTokens }, model) {
    const base = { id: "chatcmpl-mock", object: "chat.completion.chunk", created: 0, model };
    const chunk = (delta: object, finish: string | null = null): WireEvent => ({
      data: { ...base, choices: [{ index: 0, delta, finish_reason: finish }] },
    });
    const usage = {
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
    };
    return [
      chunk({ role: "assistant", content: "" }),
      ...pieces(text).map((content) => chunk({ content })),
      ...toolCalls.map(({ name, input }, index) => {
        const call = { name, arguments: JSON.stringify(input) };
        return chunk({ tool_calls: [{ index, id: `call_${index}`, type: "function", function: call }] });
      }),
      chunk({}, toolCalls.length === 0 ? "stop" : "tool_calls"),
      { data: { ...base, choices: [], usage } },
      { data: "[DONE]" },
    ];
  },

  error: (status, message) => ({ error: { message, type: status === 429 ? "rate_limit_error" : "api_error" } }),
};

function callOf({ name, arguments: input }: Record<string, unknown>): string {
  return callText(name, input);
}
