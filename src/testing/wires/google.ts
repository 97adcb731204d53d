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

/** The streaming `generateContent` of Google's Gemini. */
export const googleWire: Wire = {
  read: ({ systemInstruction, contents }) => ({
    system: joined([textOf(recordOf(systemInstruction)["parts"])]),
    messages: recordsOf(contents).flatMap(({ role, parts }) => messagesOf(role, recordsOf(parts))),
  }),

  reply({ text, toolCalls, inputTokens, outputTokens }, model) {
    const chunk = (parts: object[], end: object = {}, beside: object = {}): WireEvent => ({
      data: { candidates: [{ content: { parts, role: "model" }, index: 0, ...end }], modelVersion: model, ...beside },
    });
    const usageMetadata = {
      promptTokenCount: inputTokens,
      candidatesTokenCount: outputTokens,
      totalTokenCount: inputTokens + outputTokens,
    };
    return [
      ...pieces(text).map((piece) => chunk([{ text: piece }])),
      ...toolCalls.map(({ name, input }) => chunk([{ functionCall: { name, args: input } }])),
      chunk([{ text: "" }], { finishReason: "STOP" }, { usageMetadata }),
    ];
  },

  error: (status, message) => ({
    error: { code: status, message, status: status === 429 ? "RESOURCE_EXHAUSTED" : "INTERNAL" },
  }),
};

function messagesOf(role: unknown, parts: Record<string, unknown>[]): WireMessage[] {
  const results = parts.flatMap(({ functionResponse }) => (functionResponse === undefined ? [] : [functionResponse]));
  if (results.length > 0) {
    return results.map((result) => ({ role: "tool", content: JSON.stringify(recordOf(result)["response"]) }));
  }
  const calls = parts.flatMap(({ functionCall }) => (functionCall === undefined ? [] : [recordOf(functionCall)]));
  const content = [textOf(parts), ...calls.map(({ name, args }) => callText(name, args))].join("");
  return [{ role: role === "model" ? "assistant" : "user", content }];
}
