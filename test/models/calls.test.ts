import { expect, test } from "vitest";
import { anthropicWire } from "../helpers/models/anthropic-wire.ts";
import { compatibleWire, ollamaWire } from "../helpers/models/chat-wire.ts";
import { modelScene } from "../helpers/models/model-scene.ts";
import { openaiWire } from "../helpers/models/openai-wire.ts";

const person = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
};

test("the checkpoint says which model was called and who chose it, and keeps prompt and response", async () => {
  const scene = await modelScene(anthropicWire, [{ text: ["Hello!"] }]);
  await scene.ask({ system: "Be brief." });
  expect(scene.described).toEqual({ model: "anthropic:claude-sonnet-4-5", model_chosen_by: "the default alias" });
  expect(Object.fromEntries(scene.saved)).toEqual({
    "draft.prompt": { system: "Be brief.", messages: [{ role: "user", content: "Say hello." }] },
    "draft.response": "Hello!",
  });
});

test("what a model is told among the messages comes first, and images go along", async () => {
  const scene = await modelScene(anthropicWire, [{ text: ["A cat."] }]);
  const image = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]);
  await scene.ask({
    system: "Be brief.",
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image", data: image, mediaType: "image/png" },
        ],
      },
      { role: "assistant", content: "A picture." },
      { role: "system", content: "Be exact, too." },
      { role: "user", content: [{ type: "image", data: "https://example.com/cat.png" }] },
    ],
  });
  const { system, messages } = scene.server.requests[0]?.body ?? {};
  expect(JSON.stringify(system)).toContain("Be brief.\\n\\nBe exact, too.");
  expect(messages).toMatchObject([
    { role: "user", content: [{ text: "What is this?" }, { source: { type: "base64", media_type: "image/png" } }] },
    { role: "assistant", content: [{ text: "A picture." }] },
    { role: "user", content: [{ source: { type: "url", url: "https://example.com/cat.png" } }] },
  ]);
  expect(JSON.stringify(scene.saved.get("draft.prompt"))).toContain("(8 bytes)");
});

test("an answer that does not fit the schema is corrected once, and the correction is a request", async () => {
  const scene = await modelScene(openaiWire, [
    { text: ['{"name":"Ada","age":"old"}'] },
    { text: ['```json\n{"name":"Ada","age":36}\n```'] },
  ]);
  const answer = await scene.ask({ outputSchema: person, maxTurns: 1 });
  expect(answer).toMatchObject({ output: { name: "Ada", age: 36 }, usage: { requests: 2 } });
  expect(JSON.stringify(scene.server.requests[1]?.body["input"])).toContain("age: must be integer");
  expect(scene.saved.get("draft.response")).toEqual({ name: "Ada", age: 36 });
});

test("an answer that does not fit the second time either is an error that says what did not fit", async () => {
  const scene = await modelScene(ollamaWire, [{ text: ["I am Ada."] }, { text: ['{"name":"Ada"}'] }]);
  await expect(scene.ask({ outputSchema: person })).rejects.toMatchObject({
    code: "unfit_answer",
    message: expect.stringContaining('the field "age" is missing'),
  });
  expect(scene.server.requests).toHaveLength(2);
});

test("a list is asked for as a field of an object", async () => {
  const scene = await modelScene(openaiWire, [{ text: ['{"value":["a","b"]}'] }]);
  const answer = await scene.ask({ outputSchema: { type: "array", items: { type: "string" } } });
  expect(answer.output).toEqual(["a", "b"]);
  expect(scene.server.requests[0]?.asked.schema).toMatchObject({ type: "object", required: ["value"] });
});

test("OpenAI holds a model to a schema only where its strict mode knows all of the schema", async () => {
  const scene = await modelScene(openaiWire, [{ text: ['{"name":"Ada","age":36}'] }]);
  await scene.ask({ outputSchema: person });
  await scene.ask({ outputSchema: { ...person, required: ["name"] } });
  const strict = scene.server.requests.map(({ body }) => JSON.stringify(body["text"]).includes('"strict":true'));
  expect(strict).toEqual([true, false]);
  expect(scene.server.requests[0]?.body["store"]).toBe(false);
});

test("a server that takes no schema is asked for JSON of that form, and is not asked twice", async () => {
  const scene = await modelScene(compatibleWire, [
    { status: 400, message: "This response_format type is unavailable now" },
    { text: ['{"name":"Ada","age":36}'] },
  ]);
  expect(await scene.ask({ outputSchema: person })).toMatchObject({ output: { name: "Ada", age: 36 } });
  await scene.ask({ outputSchema: person });
  expect(scene.server.requests.map(({ body }) => body["response_format"])).toMatchObject([
    { type: "json_schema" },
    { type: "json_object" },
    { type: "json_object" },
  ]);
  expect(JSON.stringify(scene.server.requests[1]?.body["messages"])).toContain("JSON Schema");
});

test("Anthropic is asked by a tool for what its own form of schemas cannot say", async () => {
  const scene = await modelScene(anthropicWire, [{ toolCalls: [{ name: "json", input: { a: 1 } }] }]);
  const outputSchema = { type: "object", additionalProperties: { type: "integer" } };
  expect(await scene.ask({ outputSchema })).toMatchObject({ output: { a: 1 }, usage: { requests: 1 } });
  expect(scene.server.requests[0]?.asked).toMatchObject({ schema: undefined, toolNames: ["json"] });
});

test("a schema that is none is told before anything is sent", async () => {
  const scene = await modelScene(anthropicWire, [{ text: ["{}"] }]);
  await expect(scene.ask({ outputSchema: { type: "objekt" } })).rejects.toMatchObject({ code: "invalid_input" });
  expect(scene.server.requests).toHaveLength(0);
});

test("an object that is cut is an error", async () => {
  const scene = await modelScene(anthropicWire, [{ text: ['{"name":"A'], ends: "cut" }]);
  await expect(scene.ask({ outputSchema: person, maxTokens: 20 })).rejects.toMatchObject({ code: "truncated" });
});

test("how far an answer has come is told once a second at most, and that nothing comes again and again", async () => {
  const slow = { text: Array.from({ length: 12 }, () => "word "), pauseMs: 200 };
  const scene = await modelScene(ollamaWire, [slow, "silence"], { heartbeatMs: 100 });
  await scene.ask();
  const streaming = scene.told("model_streaming");
  expect(streaming.length).toBeGreaterThanOrEqual(1);
  expect(streaming.length).toBeLessThanOrEqual(3);
  expect(streaming[0]).toEqual({ model: "llama3.2:3b", characters: expect.any(Number) });
  const asked = scene.ask();
  await expect.poll(() => scene.told("model_working").length).toBeGreaterThan(2);
  scene.abort(new Error("enough"));
  await expect(asked).rejects.toThrow("enough");
});

test("a model that keeps silent for too long is given up, and one that goes on slowly is not", async () => {
  const slow = { text: ["a", "b", "c", "d"], pauseMs: 400 };
  const scene = await modelScene(ollamaWire, [slow, "silence"], { env: { OLLAMA_TIMEOUT_SECONDS: "1" } });
  expect(await scene.ask()).toMatchObject({ text: "abcd" });
  await expect(scene.ask()).rejects.toMatchObject({
    code: "timed_out",
    isTransient: true,
    message: "nothing came from ollama:llama3.2:3b for 1 s",
    hint: expect.stringContaining("OLLAMA_TIMEOUT_SECONDS"),
  });
  await expect.poll(() => scene.server.broken()).toBe(1);
});

test("a timeout that is no number is refused where it is read", async () => {
  await expect(modelScene(ollamaWire, [], { env: { OLLAMA_TIMEOUT_SECONDS: "soon" } })).rejects.toThrowError(
    /OLLAMA_TIMEOUT_SECONDS must be a number of seconds/,
  );
});

test("Node.js does not give a server up before we do", async () => {
  const key = Symbol.for("undici.globalDispatcher.1");
  const dispatcher = Reflect.get(globalThis, key);
  const seen: unknown[] = [];
  Reflect.set(globalThis, key, {
    dispatch(options: { headersTimeout?: number; bodyTimeout?: number }, handler: unknown) {
      seen.push([options.headersTimeout, options.bodyTimeout]);
      return dispatcher.dispatch(options, handler);
    },
  });
  try {
    const scene = await modelScene(ollamaWire, [{ text: ["Hi"] }]);
    expect(await scene.ask()).toMatchObject({ text: "Hi" });
  } finally {
    Reflect.set(globalThis, key, dispatcher);
  }
  expect(seen).toEqual([[0, 0]]);
});

test("Ollama that does not run, or has not got the model, is told with the command that helps", async () => {
  const scene = await modelScene(ollamaWire, [{ status: 404, message: 'model "llama3.2:3b" not found' }]);
  await expect(scene.ask()).rejects.toMatchObject({ hint: "Pull the model: `ollama pull llama3.2:3b`." });
  await scene.server.close();
  await expect(scene.ask()).rejects.toMatchObject({
    code: "unreachable",
    hint: expect.stringMatching(/^Is Ollama running at http:\/\/127\.0\.0\.1:\d+\? Start it with `ollama serve`/),
  });
});

test("a delay longer than a minute is not waited for in place", async () => {
  const refusal = { status: 429, message: "slow down", headers: { "retry-after": "90" } };
  const scene = await modelScene(anthropicWire, [refusal, { text: ["never"] }], { isWhole: false });
  await expect(scene.ask()).rejects.toMatchObject({ code: "rate_limited", retryAfterMs: 90_000 });
  expect(scene.server.requests).toHaveLength(1);
});

test("what waiting does not mend is not tried again", async () => {
  const refusal = { status: 429, message: "You exceeded your current quota", code: "insufficient_quota" };
  const scene = await modelScene(openaiWire, [refusal, { text: ["never"] }], { isWhole: false });
  await expect(scene.ask()).rejects.toMatchObject({ code: "quota_exhausted", isTransient: false });
  expect(scene.server.requests).toHaveLength(1);
});

test("the third request in place after the first is the last", async () => {
  const refusal = { status: 500, message: "internal", headers: { "retry-after-ms": "1" } };
  const scene = await modelScene(anthropicWire, [refusal], { isWhole: false });
  await expect(scene.ask()).rejects.toMatchObject({ code: "overloaded" });
  expect(scene.server.requests).toHaveLength(4);
});

test("waiting for the next request ends with the checkpoint", async () => {
  const refusal = { status: 429, message: "slow down", headers: { "retry-after": "30" } };
  const scene = await modelScene(anthropicWire, [refusal], { isWhole: false });
  const asked = scene.ask();
  await expect.poll(() => scene.told("model_failed").length).toBe(1);
  scene.abort(new Error("the execution was cancelled"));
  await expect(asked).rejects.toThrow("the execution was cancelled");
});

test("whoever follows requests is told what they are and how they ended", async () => {
  const spans: unknown[] = [];
  const scene = await modelScene(anthropicWire, [{ text: ["Hi"] }, { status: 500, message: "no" }], {
    startSpan: (start) => ({ end: (end) => void spans.push({ start, end }) }),
  });
  await scene.ask({ temperature: 0.2, maxTokens: 99 });
  await expect(scene.ask()).rejects.toThrow();
  const start = { provider: "anthropic", model: "claude-sonnet-4-5", operation: "chat", checkpoint: "draft" };
  expect(spans).toMatchObject([
    {
      start: { ...start, maxTokens: 99, temperature: 0.2, executionId: scene.workplace.executionId },
      end: { finishReason: "stop", inputTokens: 100, outputTokens: 20, error: null },
    },
    { start, end: { finishReason: null, inputTokens: 0, error: "overloaded" } },
  ]);
});
