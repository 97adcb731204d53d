import { expect, test } from "vitest";
import { anthropicWire } from "../helpers/models/anthropic-wire.ts";
import { compatibleWire } from "../helpers/models/chat-wire.ts";
import { googleWire } from "../helpers/models/google-wire.ts";
import { modelScene, type Scene } from "../helpers/models/model-scene.ts";
import { openaiWire } from "../helpers/models/openai-wire.ts";

const wires = [anthropicWire, openaiWire, googleWire, compatibleWire];
const used = ({ store, workplace }: Scene) =>
  store.budgets.find({ seq: workplace.executionSeq, ordinal: workplace.ordinal })?.used;

test.each(wires)("$provider: a redirect is not followed, neither with the key nor with the prompt", async (wire) => {
  const elsewhere = await modelScene(wire, [{ text: ["Caught."] }]);
  const location = `${elsewhere.server.baseUrl}${wire.path}?key=abc`;
  const scene = await modelScene(wire, [{ status: 307, message: "moved", headers: { location } }]);
  await expect(scene.ask()).rejects.toMatchObject({
    code: "redirected",
    isTransient: false,
    message: expect.stringContaining(`was redirected to ${new URL(location).origin} (status 307)`),
    hint: expect.stringContaining("Set the base URL"),
  });
  expect(elsewhere.server.requests).toEqual([]);
  expect(used(scene)).toMatchObject({ requests: 1, inputTokens: 0, costUsd: 0 });
});

const endless = { text: Array.from({ length: 5_000 }, () => "word "), pauseMs: 1 };

test.each(wires)("$provider: an answer that goes on beyond its cap is broken off, and counted", async (wire) => {
  const scene = await modelScene(wire, [endless]);
  await expect(scene.ask({ maxTokens: 50 })).rejects.toMatchObject({
    code: "truncated",
    isTransient: false,
    message: expect.stringContaining("went on far beyond its cap of 50 tokens"),
    hint: expect.stringContaining("ignores the cap"),
  });
  const tokens = used(scene)?.outputTokens ?? 0;
  expect(tokens).toBeGreaterThan(160);
  expect(tokens).toBeLessThan(1_000);
  expect(scene.calls()).toMatchObject([{ status: "failed", output_tokens: tokens, finish_reason: "estimated" }]);
  await expect.poll(() => scene.server.broken()).toBe(1);
});

test("where the budget had lowered the cap, going on beyond it is the budget's matter", async () => {
  const scene = await modelScene(compatibleWire, [endless], { limits: { max_tokens: 120 } });
  await expect(scene.ask()).rejects.toMatchObject({
    name: "GuardrailExceeded",
    exceedance: { limit: "max_tokens", allowed: 120, used: expect.any(Number) },
  });
  const { inputTokens = 0, outputTokens = 0 } = used(scene) ?? {};
  expect(inputTokens + outputTokens).toBeGreaterThan(120);
});

test("a request that was broken off before anything came counts what was sent", async () => {
  const scene = await modelScene(anthropicWire, ["silence"]);
  const asked = scene.ask();
  await scene.server.asked(1);
  scene.abort(new Error("its time is over"));
  await expect(asked).rejects.toThrow("its time is over");
  const { requests, inputTokens = 0, outputTokens, costUsd } = used(scene) ?? {};
  expect(inputTokens).toBeGreaterThan(10);
  expect({ requests, outputTokens, costUsd }).toEqual({ requests: 1, outputTokens: 0, costUsd: inputTokens / 1e6 });
  expect(scene.calls()).toMatchObject([
    { status: "failed", input_tokens: inputTokens, cost_usd: costUsd, finish_reason: "estimated" },
  ]);
});

test("the record of a broken answer says what the budget counts, and marks it", async () => {
  const scene = await modelScene(openaiWire, [{ text: ["Once upon a time"], afterwards: "close" }]);
  await expect(scene.ask()).rejects.toMatchObject({ code: "stream_broken" });
  const { inputTokens, outputTokens, costUsd } = used(scene) ?? {};
  expect(outputTokens).toBeGreaterThan(0);
  expect(scene.calls()).toMatchObject([
    { input_tokens: inputTokens, output_tokens: outputTokens, cost_usd: costUsd, finish_reason: "estimated" },
  ]);
});

test.each([401, 404, 429, 500])(
  "a request that was refused with %i costs nothing, also without a price",
  async (status) => {
    const scene = await modelScene(anthropicWire, [{ status, message: "no" }], { model: { price: undefined } });
    await expect(scene.ask()).rejects.toThrow();
    expect(scene.calls()).toMatchObject([{ input_tokens: 0, output_tokens: 0, cost_usd: 0, finish_reason: null }]);
    expect(scene.store.budgets.find({ seq: scene.workplace.executionSeq, ordinal: 0 })?.unpriced).toBe(0);
  },
);

test("a provider that counts below zero gives nothing back", async () => {
  const tokens = { input: -5_000, output: -70, cached: -9 };
  const scene = await modelScene(compatibleWire, [{ text: ["Hi"], tokens }]);
  await scene.ask();
  expect(used(scene)).toMatchObject({ requests: 1, inputTokens: 0, outputTokens: 0, cachedTokens: 0, costUsd: 0 });
});

test("the call of a tool that hangs has been counted when it began", async () => {
  const scene = await modelScene(anthropicWire, [{ toolCalls: [{ name: "read", input: {} }] }]);
  const begun = Promise.withResolvers<void>();
  const read = { name: "read", description: undefined, inputSchema: { type: "object" } };
  const hang = () => {
    begun.resolve();
    return new Promise<never>(() => {});
  };
  void scene.ask({ tools: [read] }, hang).catch(() => {});
  await begun.promise;
  expect(used(scene)?.toolCalls).toBe(1);
});

test("text that the caller's own cap has cut is handed on, and the checkpoint says so", async () => {
  const scene = await modelScene(googleWire, [{ text: ["Once upon a"], ends: "cut" }]);
  expect(await scene.ask({ maxTokens: 20 })).toMatchObject({ text: "Once upon a", finishReason: "length" });
  expect(scene.told("model_cut")).toEqual([{ model: googleWire.model, max_tokens: 20 }]);
  expect(scene.described).toMatchObject({ cut_at_tokens: 20 });
});
