import { type Reply, recordOf, recordsOf, usualTokens, type Wire, type WireEvent } from "./wire.ts";

const model = "gemini-2.5-flash";

/** The streaming `generateContent` of Google's Gemini. */
export const googleWire: Wire = {
  provider: "google",
  model,
  basePath: "/v1beta",
  path: `/models/${model}:streamGenerateContent`,
  keyHeader: "x-goog-api-key",

  reply(reply) {
    const { tokens = usualTokens, text = [], toolCalls = [] } = reply;
    const { input, output, cached = 0, reasoning = 0 } = tokens;
    const usageMetadata = {
      promptTokenCount: input,
      cachedContentTokenCount: cached,
      candidatesTokenCount: output - reasoning,
      thoughtsTokenCount: reasoning,
      totalTokenCount: input + output,
    };
    return {
      head: [],
      pieces: [
        ...text.map((piece) => chunk([{ text: piece }])),
        ...toolCalls.map(({ name, input: args }) => chunk([{ functionCall: { name, args } }])),
      ],
      tail: [chunk([{ text: "" }], { finishReason: finishReason(reply) }, { usageMetadata })],
    };
  },

  error: ({ status, message, code }) => ({
    error: { code: status, message, status: code ?? (status === 429 ? "RESOURCE_EXHAUSTED" : "INTERNAL") },
  }),

  failure: ({ message, code }) => ({ data: { error: { code: 503, message, status: code } } }),

  read(body, path) {
    const config = recordOf(body["generationConfig"]);
    const parts = recordsOf(body["contents"]).flatMap((content) => recordsOf(content["parts"]));
    const declarations = recordsOf(body["tools"]).flatMap((tool) => recordsOf(tool["functionDeclarations"]));
    return {
      model: /models\/(.+):/.exec(path)?.[1],
      outputCap: config["maxOutputTokens"],
      schema: config["responseJsonSchema"] ?? config["responseSchema"],
      toolNames: declarations.map(({ name }) => name),
      toolResults: parts
        .map((part) => part["functionResponse"])
        .filter((response) => response !== undefined)
        .map((response) => JSON.stringify(recordOf(response)["response"])),
    };
  },
};

function chunk(parts: object[], end: object = {}, beside: object = {}): WireEvent {
  return {
    data: { candidates: [{ content: { parts, role: "model" }, index: 0, ...end }], modelVersion: model, ...beside },
  };
}

function finishReason({ ends }: Reply): string {
  if (ends === "cut") return "MAX_TOKENS";
  return ends === "declined" ? "SAFETY" : "STOP";
}
