import { describe, expect, test } from "vitest";
import type { Provider } from "../../src/models/model.ts";
import { anthropicWire } from "../helpers/models/anthropic-wire.ts";
import { compatibleWire, ollamaWire } from "../helpers/models/chat-wire.ts";
import { googleWire } from "../helpers/models/google-wire.ts";
import { modelScene } from "../helpers/models/model-scene.ts";
import { openaiWire } from "../helpers/models/openai-wire.ts";

const wires = [anthropicWire, openaiWire, googleWire, compatibleWire, ollamaWire];

const weather = {
  name: "weather",
  description: "The weather of a city",
  inputSchema: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
};

const person = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
};

describe.each(wires)("$provider", (wire) => {
  test("answers with text, and its usage is recorded with what was cached and what was thought", async () => {
    const scene = await modelScene(wire, [{ text: ["Hel", "lo", "!"] }]);
    const answer = await scene.ask({ system: "Be brief.", temperature: 0.5, maxTokens: 300 });
    const costUsd = (60 * 1 + 40 * 0.5 + 20 * 10) / 1_000_000;
    expect(answer).toMatchObject({ text: "Hello!", output: undefined, finishReason: "stop" });
    expect(answer.usage).toEqual({
      requests: 1,
      turns: 1,
      toolCalls: 0,
      inputTokens: 100,
      outputTokens: 20,
      cachedTokens: 40,
      reasoningTokens: 5,
      costUsd: expect.closeTo(costUsd, 9),
    });
    expect(scene.server.requests[0]?.asked).toMatchObject({ model: wire.model, outputCap: 300 });
    expect(JSON.stringify(scene.server.requests[0]?.body)).toContain("Be brief.");
    expect(scene.calls()).toEqual([
      expect.objectContaining({
        kind: "llm",
        provider: wire.provider,
        model: wire.model,
        alias: "fast",
        checkpoint: "draft",
        status: "completed",
        finish_reason: "stop",
        error: null,
        input_tokens: 100,
        output_tokens: 20,
        cached_tokens: 40,
        reasoning_tokens: 5,
        cost_usd: expect.closeTo(costUsd, 9),
      }),
    ]);
    expect(scene.events.map(({ type }) => type)).toEqual(["model_called", "model_answered"]);
  });

  test("calls a tool and is told what it answered", async () => {
    const scene = await modelScene(wire, [
      { text: ["Let me see."], toolCalls: [{ name: "weather", input: { city: "Berlin" } }] },
      { text: ["It rains."] },
    ]);
    const called: unknown[] = [];
    const answer = await scene.ask({ tools: [weather] }, async (name, input) => {
      called.push([name, input]);
      return { sky: "rain" };
    });
    expect(called).toEqual([["weather", { city: "Berlin" }]]);
    expect(answer).toMatchObject({ text: "It rains.", usage: { requests: 2, turns: 2, toolCalls: 1 } });
    expect(scene.server.requests.map(({ asked }) => asked.toolNames)).toEqual([["weather"], ["weather"]]);
    expect(scene.server.requests[1]?.asked.toolResults).toEqual([expect.stringContaining('"sky":"rain"')]);
    expect(scene.told("tool_called")).toEqual([{ tool: "weather", arguments: '{"city":"Berlin"}' }]);
    expect(scene.told("tool_answered")).toEqual([{ tool: "weather", status: "completed", ms: expect.any(Number) }]);
    expect(scene.calls().map((row) => row["tool_calls"])).toEqual([1, 0]);
  });

  test("answers with what fits the schema, which it is sent", async () => {
    const scene = await modelScene(wire, [{ text: ['{"name":"Ada",', '"age":36}'] }]);
    const answer = await scene.ask({ outputSchema: person });
    expect(answer.output).toEqual({ name: "Ada", age: 36 });
    expect(scene.server.requests[0]?.asked.schema).toMatchObject({ properties: person.properties });
  });

  test("says how long to wait when it takes no more requests", async () => {
    const scene = await modelScene(wire, [
      { status: 429, message: "slow down", headers: { "retry-after": "7" } },
      { text: ["never asked for"] },
    ]);
    await expect(scene.ask()).rejects.toMatchObject({
      code: "rate_limited",
      isTransient: true,
      retryAfterMs: 7_000,
      message: expect.stringContaining("slow down"),
    });
    expect(scene.server.requests).toHaveLength(1);
    expect(scene.told("model_failed")).toMatchObject([{ code: "rate_limited", retry_after_ms: 7_000 }]);
    expect(scene.calls()).toMatchObject([{ status: "failed", input_tokens: 0, cost_usd: 0, finish_reason: null }]);
  });

  test("is asked again in place within a larger checkpoint", async () => {
    const refusal = { status: 429, message: "slow down", headers: { "retry-after": "0" } };
    const scene = await modelScene(wire, [refusal, refusal, { text: ["At last."] }], { isWhole: false });
    const answer = await scene.ask();
    expect(answer).toMatchObject({ text: "At last.", usage: { requests: 3, turns: 1 } });
    expect(scene.calls().map(({ status, retries }) => [status, retries])).toEqual([
      ["failed", 0],
      ["failed", 1],
      ["completed", 2],
    ]);
  });

  test.each([
    [500, "overloaded", true],
    [503, "overloaded", true],
    [401, "unauthorized", false],
    [403, "unauthorized", false],
    [404, "model_not_found", false],
    [400, "bad_request", false],
  ])("status %i is told as %s", async (status, code, isTransient) => {
    const scene = await modelScene(wire, [{ status, message: "it went wrong for sk-test-0123456789" }]);
    const failure = await scene.ask().catch((error) => error);
    expect(failure).toMatchObject({ name: "ModelError", code, isTransient });
    expect(JSON.stringify([failure.message, failure.hint, scene.events, scene.calls()])).not.toContain("sk-test");
  });

  test("is broken off at once when its checkpoint is", async () => {
    const scene = await modelScene(wire, [{ text: ["One moment"], afterwards: "silence" }]);
    const asked = scene.ask();
    await scene.server.asked(1);
    const reason = new Error("the execution was cancelled");
    setTimeout(() => scene.abort(reason), 50);
    await expect(asked).rejects.toBe(reason);
    await expect.poll(() => scene.server.broken()).toBe(1);
    expect(scene.calls()).toMatchObject([{ status: "failed", error: expect.stringContaining("cancelled") }]);
  });

  test.each(["close", "reset"] as const)("an answer without an end (%s) is no answer", async (afterwards) => {
    const scene = await modelScene(wire, [{ text: ["Once upon"], afterwards }]);
    await expect(scene.ask()).rejects.toMatchObject({ code: "stream_broken", isTransient: true });
    const room = scene.store.budgets.find({ seq: scene.workplace.executionSeq, ordinal: 1 });
    expect(room?.used.requests).toBe(1);
    expect(room?.used.outputTokens).toBeGreaterThan(0);
  });

  test("says in the middle of its answer that it is overloaded", async () => {
    const codes: Partial<Record<Provider, string>> = { anthropic: "overloaded_error", google: "UNAVAILABLE" };
    const code = codes[wire.provider] ?? "503";
    const scene = await modelScene(wire, [{ text: ["Once upon"], fails: { message: "Overloaded", code } }]);
    await expect(scene.ask()).rejects.toMatchObject({ code: "overloaded", isTransient: true });
  });

  test("that cannot be reached is told with its address", async () => {
    const scene = await modelScene(wire, []);
    await scene.server.close();
    await expect(scene.ask()).rejects.toMatchObject({
      code: "unreachable",
      isTransient: true,
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test("that declines is told as that, not as an answer", async () => {
    const scene = await modelScene(wire, [{ text: ["I cannot help with that."], ends: "declined" }]);
    await expect(scene.ask()).rejects.toMatchObject({ code: "refused", isTransient: false });
  });

  test("an answer that is cut at the caller's own cap is handed on as cut", async () => {
    const scene = await modelScene(wire, [{ text: ["Once upon a"], ends: "cut" }]);
    expect(await scene.ask({ maxTokens: 20 })).toMatchObject({ text: "Once upon a", finishReason: "length" });
  });
});
