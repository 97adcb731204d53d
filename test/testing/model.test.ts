import { expect, test } from "vitest";
import { z } from "zod";
import { batchLlm } from "../../src/flows/batch-llm.ts";
import { checkpoint } from "../../src/flows/checkpoint.ts";
import { flow } from "../../src/flows/flow.ts";
import { llm } from "../../src/flows/llm.ts";
import { modelTool } from "../../src/flows/model-tools.ts";
import {
  byContent,
  delayed,
  failing,
  fromSchema,
  mockModel,
  openTestEngine,
  toolCall,
  withUsage,
} from "../../src/testing/testing.ts";

const ask = flow("ask", async (question: string) => llm(question, { system: "Be brief.", name: "answer" }));

test("a mocked model answers, and tells what it was asked", async () => {
  const model = mockModel("Forty-two.");
  await using t = openTestEngine({ flows: [ask], model });
  const run = await t.run(ask, "What is it?");
  expect(await run.result()).toBe("Forty-two.");
  expect(model.lastRequest).toMatchObject({
    step: "answer",
    call: 1,
    system: "Be brief.",
    prompt: "What is it?",
    messages: [{ role: "user", content: "What is it?" }],
    executionId: run.executionId,
  });
  expect(await run.usage()).toMatchObject({ requests: 1, inputTokens: 5, outputTokens: 3 });
  expect((await run.artifacts()).map(({ kind }) => kind)).toEqual(["prompt", "response"]);
  expect((await run.events()).map(({ type }) => type)).toContain("model_answered");
});

const facts = z.object({
  title: z.string(),
  kind: z.enum(["report", "letter"]),
  pages: z.int().min(3),
  sentAt: z.iso.datetime(),
  topics: z.array(z.string()).min(2),
  sender: z.object({ email: z.email() }).optional(),
});

const extract = flow("extract", async () => llm("What is in it?", { output: facts, name: "extract" }));

test("an answer is generated from the schema that is asked for, with fields of the test's own", async () => {
  await using t = openTestEngine({ flows: [extract], model: mockModel(fromSchema({ title: "Otters" })) });
  expect(await (await t.run(extract)).result()).toEqual({
    title: "Otters",
    kind: "report",
    pages: 3,
    sentAt: "2030-01-01T00:00:00Z",
    topics: ["mock_topics_1", "mock_topics_2"],
    sender: { email: "mock@example.com" },
  });
});

test("an answer that does not fit the schema is repaired once, as a real model is asked to", async () => {
  const good = { title: "a", kind: "letter", pages: 4, sentAt: "2030-01-01T00:00:00Z", topics: ["x", "y"] };
  const model = mockModel([{ title: 1 }, good]);
  await using t = openTestEngine({ flows: [extract], model });
  expect(await (await t.run(extract)).result()).toMatchObject(good);
  expect(model.requests.map(({ messages }) => messages.length)).toEqual([1, 3]);
  expect(model.lastRequest.prompt).toContain("does not fit");
});

test("values without an object around them are answers as well", async () => {
  const values = flow("values", async () => [
    await llm("a", { output: z.enum(["low", "high"]) }),
    await llm("b", { output: z.array(z.number()) }),
    await llm("c", { output: z.int().max(0) }),
  ]);
  await using t = openTestEngine({ flows: [values], model: mockModel(["high", () => [1, 2], fromSchema()]) });
  expect(await (await t.run(values)).result()).toEqual(["high", [1, 2], 0]);
});

test("the first keyword that occurs decides, whatever its case", async () => {
  const model = mockModel(byContent({ refund: "billing", CRASH: "engineering" }, "other"));
  await using t = openTestEngine({ flows: [ask], model });
  const answers = ["I want a REFUND", "a crash, and a refund", "it crashed", "hello"].map(async (text) =>
    (await t.run(ask, text)).result(),
  );
  expect(await Promise.all(answers)).toEqual(["billing", "billing", "engineering", "other"]);
});

test("a function answers by the step, the conversation and the count", async () => {
  const steps = flow("steps", async () => [await llm("x", { name: "one" }), await llm("y", { name: "two" })]);
  const model = mockModel(({ step, prompt, call }) => `${step} ${prompt} ${call}`);
  await using t = openTestEngine({ flows: [steps], model });
  expect(await (await t.run(steps)).result()).toEqual(["one x 1", "two y 2"]);
});

test("tools are called for real, and their answers are in the next request", async () => {
  const weather = modelTool({
    description: "The weather",
    input: z.object({ city: z.string() }),
    run: ({ city }) => `rain in ${city}`,
  });
  const forecast = flow("forecast", async () =>
    llm("Weather?", { tools: { weather }, model: "anthropic:claude-haiku-4-5" }),
  );
  const model = mockModel([toolCall("weather", { city: "Oslo" }), ({ prompt }) => `It says: ${prompt}`]);
  await using t = openTestEngine({ flows: [forecast], model });
  const run = await t.run(forecast);
  expect(await run.result()).toBe("It says: rain in Oslo");
  expect(model.requests[0]?.tools.map(({ name }) => name)).toEqual(["weather"]);
  expect((await run.usage()).toolCalls).toBe(1);
});

test.each([
  "anthropic:claude-haiku-4-5",
  "openai:gpt-5-mini",
  "google:gemini-2.5-flash",
  "ollama:llama3.2",
  "openai-compatible:org/model",
  "fast",
])("%s is answered in its own protocol, text, values, tools and errors", async (model) => {
  const echo = modelTool({ description: "Echo", input: z.object({ text: z.string() }), run: ({ text }) => text });
  const all = flow("all", async () => [
    await llm("text", { model, system: "Be kind.", name: "text" }),
    await llm("value", { model, output: z.object({ n: z.number() }), name: "value" }),
    await llm("tools", { model, tools: { echo }, name: "tools" }),
    await llm("busy", { model, name: "busy" }),
  ]);
  const mocked = mockModel([
    "A longer text, in pieces",
    { n: 7 },
    toolCall("echo", { text: "hm" }),
    ({ messages }) => JSON.stringify(messages.map(({ role }) => role)),
    failing({ status: 429, retryAfter: 7 }),
    "at last",
  ]);
  await using t = openTestEngine({ flows: [all], model: mocked });
  const run = await t.run(all);
  expect(await run.status()).toBe("waiting");
  await t.advance("6s");
  expect(mocked.requests).toHaveLength(5);
  await t.advance("1s");
  expect(await run.result()).toEqual(["A longer text, in pieces", { n: 7 }, '["user","assistant","tool"]', "at last"]);
  expect(mocked.requests[0]?.system).toBe("Be kind.");
  expect(mocked.requests[3]?.messages.at(-1)?.content).toContain("hm");
  expect(await run.usage()).toMatchObject({ requests: 6, toolCalls: 1 });
});

test("budgets hold, by the tokens and the dollars that the test says", async () => {
  const spend = flow("spend", async () => [await llm("a"), await llm("b"), await llm("c")], {
    guardrails: { maxCostUsd: 1 },
  });
  const model = mockModel(() => withUsage("fine", { inputTokens: 10, outputTokens: 10, costUsd: 0.6 }));
  await using t = openTestEngine({ flows: [spend], model });
  const run = await t.run(spend);
  await expect(run.result()).rejects.toMatchObject({ failure: { origin: "guardrail" } });
  expect(model.requests).toHaveLength(2);
  const usage = await run.usage();
  expect(usage).toMatchObject({ inputTokens: 20, outputTokens: 20 });
  expect(usage.costUsd).toBeCloseTo(1.2);
  expect((await run.checkpoint("llm")).usage.costUsd).toBeCloseTo(0.6);
});

test("a model may take its time, on the clock of the test", async () => {
  const slow = flow("slow", async () => llm("a", { timeout: "1m", retries: 0 }).catch((error) => error.message));
  await using t = openTestEngine({
    flows: [slow],
    model: mockModel([delayed("50s", "in time"), delayed("2m", "late")]),
  });
  const first = await t.run(slow);
  await t.advance("50s");
  expect(await first.result()).toBe("in time");
  const second = await t.run(slow);
  await t.advance("1m");
  expect(await second.result()).toContain("60000 ms");
});

test("models are mocked by step, by alias and by name, and those that are not say so", async () => {
  const several = flow("several", async () => [
    await llm("a", { name: "draft" }),
    await llm("b", { model: "strong" }),
    await llm("c", { model: "openai:gpt-5-mini" }),
    await llm("d", { model: "anthropic:claude-haiku-4-5", name: "last" }),
  ]);
  const model = { draft: mockModel("1"), strong: mockModel("2"), "openai:gpt-5-mini": mockModel("3") };
  await using t = openTestEngine({ flows: [several], model });
  await expect((await t.run(several)).result()).rejects.toMatchObject({
    failure: {
      message: expect.stringContaining(
        '"last" asks the model anthropic:claude-haiku-4-5, which the test does not mock',
      ),
      hint: expect.stringContaining("openTestEngine({ model: mockModel("),
    },
  });
  expect(model.strong.requests).toHaveLength(1);
  await using none = openTestEngine({ flows: [ask] });
  await expect((await none.run(ask, "x")).result()).rejects.toMatchObject({
    failure: { message: expect.stringContaining("does not mock") },
  });
});

test("what the test did wrong with its mock fails the step at once, and is told", async () => {
  const model = mockModel(["only one"]);
  await using t = openTestEngine({ flows: [ask], model });
  await (await t.run(ask, "a")).result();
  const run = await t.run(ask, "b");
  await expect(run.result()).rejects.toMatchObject({
    failure: { message: expect.stringContaining("has 1 answers, and answer asks for one more") },
  });
  expect((await run.checkpoint("answer")).attempt).toBe(1);
  expect(() => mockModel("x").lastRequest).toThrow(/has not been asked/);
});

test("rows of a batch and calls inside checkpoints are mocked as well", async () => {
  const inside = checkpoint("inside", async () => `${await llm("x")}!`);
  const rows = flow("rows", async () => {
    const done = await batchLlm(["a", "b", "c"], { prompt: (row) => `row ${row}` });
    return [done.map(({ output }) => output), await inside()];
  });
  const model = mockModel(byContent({ "row b": failing({ status: 400 }) }, ({ prompt }) => prompt.toUpperCase()));
  await using t = openTestEngine({ flows: [rows], model });
  const run = await t.run(rows);
  expect(await run.result()).toEqual([["ROW A", null, "ROW C"], "X!"]);
});
