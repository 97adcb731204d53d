import type { Provider } from "../../../src/models/model.ts";
import { type Reply, recordOf, recordsOf, usualTokens, type Wire, type WireEvent } from "./wire.ts";

/** Chat completions, as servers that imitate OpenAI speak them. */
export const compatibleWire = chatWire("openai-compatible", "org/model-7b", "/api/v1");

/** Ollama, at its OpenAI-compatible paths. */
export const ollamaWire = chatWire("ollama", "llama3.2:3b", "");

function chatWire(provider: Provider, model: string, basePath: string): Wire {
  return {
    provider,
    model,
    basePath,
    path: provider === "ollama" ? "/v1/chat/completions" : "/chat/completions",
    keyHeader: "authorization",

    reply(reply) {
      const { tokens = usualTokens, text = [], toolCalls = [] } = reply;
      const usage = {
        prompt_tokens: tokens.input,
        completion_tokens: tokens.output,
        total_tokens: tokens.input + tokens.output,
        prompt_tokens_details: { cached_tokens: tokens.cached ?? 0 },
        completion_tokens_details: { reasoning_tokens: tokens.reasoning ?? 0 },
      };
      return {
        head: [chunk(model, { role: "assistant", content: "" })],
        pieces: [
          ...text.map((content) => chunk(model, { content })),
          ...toolCalls.flatMap((call, index) => callChunks(model, call, index)),
        ],
        tail: [
          chunk(model, {}, finishReason(reply)),
          { data: { ...base(model), choices: [], usage } },
          { data: "[DONE]" },
        ],
      };
    },

    error: ({ status, message, code }) => ({
      error: { message, type: status === 429 ? "rate_limit_error" : "api_error", param: null, code },
    }),

    failure: ({ message, code }) => ({ data: { error: { message, type: "server_error", param: null, code } } }),

    read(body) {
      const format = recordOf(body["response_format"]);
      return {
        model: body["model"],
        outputCap: body["max_tokens"],
        schema: recordOf(format["json_schema"])["schema"],
        toolNames: recordsOf(body["tools"]).map((tool) => recordOf(tool["function"])["name"]),
        toolResults: recordsOf(body["messages"])
          .filter(({ role }) => role === "tool")
          .map(({ content }) => String(content)),
      };
    },
  };
}

function base(model: string) {
  return { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_700_000_000, model };
}

function chunk(model: string, delta: object, finish: string | null = null): WireEvent {
  return { data: { ...base(model), choices: [{ index: 0, delta, finish_reason: finish }] } };
}

function callChunks(model: string, { name, input }: { name: string; input: unknown }, index: number): WireEvent[] {
  const json = typeof input === "string" ? input : JSON.stringify(input);
  const first = { index, id: `call_${index}`, type: "function", function: { name, arguments: json.slice(0, 3) } };
  const second = { index, function: { arguments: json.slice(3) } };
  return [first, second].map((call) => chunk(model, { tool_calls: [call] }));
}

function finishReason({ ends, toolCalls }: Reply): string {
  if (ends === "cut") return "length";
  if (ends === "declined") return "content_filter";
  return toolCalls === undefined ? "stop" : "tool_calls";
}
