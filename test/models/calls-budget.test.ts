import { expect, test } from "vitest";
import { anthropicWire } from "../helpers/models/anthropic-wire.ts";
import { googleWire } from "../helpers/models/google-wire.ts";
import { modelScene } from "../helpers/models/model-scene.ts";
import { openaiWire } from "../helpers/models/openai-wire.ts";

test("an answer may be as long as the tokens that are left, and is not longer", async () => {
  const scene = await modelScene(openaiWire, [{ text: ["Short."] }], { limits: { max_tokens: 500 } });
  expect(await scene.ask()).toMatchObject({ text: "Short." });
  const cap = Number(scene.server.requests[0]?.asked.outputCap);
  expect(cap).toBeLessThan(500);
  expect(cap).toBeGreaterThan(400);
});

test("a cap without limits is 4,096 tokens", async () => {
  const scene = await modelScene(googleWire, [{ text: ["Short."] }]);
  await scene.ask();
  expect(scene.server.requests[0]?.asked.outputCap).toBe(4_096);
});

test("an answer that the budget has cut is no answer, and what it used is counted", async () => {
  const cut = { text: ["Once upon a"], ends: "cut", tokens: { input: 30, output: 460 } } as const;
  const scene = await modelScene(anthropicWire, [{ ...cut, text: [...cut.text] }], { limits: { max_tokens: 500 } });
  await expect(scene.ask()).rejects.toMatchObject({
    name: "GuardrailExceeded",
    exceedance: { limit: "max_tokens", allowed: 500, used: 490 },
  });
  expect(scene.calls()).toMatchObject([{ status: "completed", finish_reason: "length", output_tokens: 460 }]);
});

test("what is left of the money caps the answer too", async () => {
  const scene = await modelScene(anthropicWire, [{ text: ["Once"], ends: "cut" }], { limits: { max_cost_usd: 0.002 } });
  await expect(scene.ask()).rejects.toMatchObject({ exceedance: { limit: "max_cost_usd" } });
  const cap = Number(scene.server.requests[0]?.asked.outputCap);
  expect(cap).toBeGreaterThan(150);
  expect(cap * 10).toBeLessThan(2_000);
});

test("a request for which nothing is left is not made", async () => {
  const scene = await modelScene(anthropicWire, [{ text: ["One."] }], { limits: { max_requests: 1 } });
  await scene.ask();
  await expect(scene.ask()).rejects.toMatchObject({ exceedance: { limit: "max_requests", allowed: 1, used: 1 } });
  expect(scene.server.requests).toHaveLength(1);
  expect(scene.calls()).toHaveLength(1);
});

test("the correction of an answer is under the budget as well", async () => {
  const scene = await modelScene(anthropicWire, [{ text: ["no JSON"] }], { limits: { max_requests: 1 } });
  await expect(scene.ask({ outputSchema: { type: "object" } })).rejects.toMatchObject({ name: "GuardrailExceeded" });
  expect(scene.server.requests).toHaveLength(1);
});

test("a limit on money is refused where the price is not known, before anything is sent", async () => {
  const scene = await modelScene(anthropicWire, [{ text: ["One."] }], {
    limits: { max_cost_usd: 1 },
    model: { price: undefined },
  });
  await expect(scene.ask()).rejects.toMatchObject({
    code: "price_unknown",
    hint: expect.stringContaining('"anthropic:claude-sonnet-4-5": { "input": 1, "output": 2 }'),
  });
  expect(scene.server.requests).toHaveLength(0);
});

test("a cost that nobody knows is recorded as unknown, not as nothing", async () => {
  const scene = await modelScene(anthropicWire, [{ text: ["One."] }], { model: { price: undefined } });
  expect((await scene.ask()).usage.costUsd).toBeNull();
  expect(scene.calls()).toMatchObject([{ cost_usd: null, input_tokens: 100 }]);
});

test("twenty calls at once use no more than the budget, and those that fit are made", async () => {
  const tokens = { input: 20, output: 280 };
  const scene = await modelScene(anthropicWire, [{ text: ["Fine."], tokens, pauseMs: 20 }], {
    limits: { max_tokens: 3_000 },
  });
  const asked = await Promise.allSettled(Array.from({ length: 20 }, () => scene.ask({ maxTokens: 280 })));
  const made = asked.filter(({ status }) => status === "fulfilled").length;
  const refused = asked.filter((one) => one.status === "rejected").map(({ reason }) => reason.exceedance?.limit);
  const execution = scene.store.budgets.find({ seq: scene.workplace.executionSeq, ordinal: 0 });
  const used = (execution?.used.inputTokens ?? 0) + (execution?.used.outputTokens ?? 0);
  expect(used).toBeLessThanOrEqual(3_000);
  expect(used).toBe(made * 300);
  expect(made).toBeGreaterThanOrEqual(9);
  expect(new Set(refused)).toEqual(new Set(["max_tokens"]));
});
