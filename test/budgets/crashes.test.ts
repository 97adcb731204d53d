import { expect, test } from "vitest";
import { batchLlm } from "../../src/flows/batch-llm.ts";
import { flow } from "../../src/flows/flow.ts";
import { llm } from "../../src/flows/llm.ts";
import { everyCrashPoint, mockModel, type TestRun, withUsage } from "../../src/testing/testing.ts";

/** Each request uses 60 tokens, whatever it is asked. */
const model = () => mockModel(({ prompt }) => withUsage(`re: ${prompt}`, { inputTokens: 40, outputTokens: 20 }));

const endOf = async (run: TestRun) => ({ result: await run.result(), usage: await run.usage() });

test("a limit that a person raises holds over a crash at every write", { timeout: 120_000 }, async () => {
  const asking = flow("asking", async () => [await llm("a", { maxTokens: 20 }), await llm("b", { maxTokens: 20 })], {
    guardrails: { maxTokens: 70, onExceed: "ask" },
  });
  const { survived } = await everyCrashPoint({
    engine: () => ({ flows: [asking], model: model() }),
    async run(t) {
      const run = await t.run(asking);
      await run.waitFor("raise_max_tokens");
      await run.answer(400, { wait: "raise_max_tokens" });
      return endOf(run);
    },
    check({ result, usage }) {
      expect(result).toEqual(["re: a", "re: b"]);
      // A request whose answer was not on the record yet was made twice, and counts so as far as anybody knows.
      expect(usage.inputTokens + usage.outputTokens).toBeGreaterThanOrEqual(120);
      expect(usage.inputTokens + usage.outputTokens).toBeLessThanOrEqual(180);
    },
  });
  expect(survived).toBeGreaterThan(20);
});

test("a batch under a limit keeps to it over a crash at every write", { timeout: 120_000 }, async () => {
  const rating = flow("rating", async () => {
    const rows = await batchLlm(["x", "y", "z"], { prompt: "{{row}}", maxTokens: 20, concurrency: 2 });
    return rows.map(({ output }) => output);
  });
  const { survived } = await everyCrashPoint({
    engine: () => ({ flows: [rating], model: model() }),
    run: async (t) => endOf(await t.run(rating, undefined, { guardrails: { maxTokens: 300 } })),
    check({ result, usage }) {
      expect(result).toEqual(["re: x", "re: y", "re: z"]);
      expect(usage.inputTokens + usage.outputTokens).toBeLessThanOrEqual(300);
    },
  });
  expect(survived).toBeGreaterThan(20);
});
