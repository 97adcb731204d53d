import { expect, test, vi } from "vitest";
import type { ModelAnswer, ModelRequest } from "../../src/core/model-call.ts";
import { addUsage, noUsage } from "../../src/core/usage.ts";
import type { Workplace } from "../../src/core/workplace.ts";
import type { EnginePorts } from "../../src/engine/ports.ts";
import { checkpoint } from "../../src/flows/checkpoint.ts";
import { flow } from "../../src/flows/flow.ts";
import { llm } from "../../src/flows/llm.ts";
import { sleep } from "../../src/flows/sleep.ts";
import { wait } from "../../src/flows/wait.ts";
import { createClock } from "../../src/testing/clock.ts";
import { useEngines } from "../helpers/engine.ts";

const engines = useEngines();

interface Cost {
  tokens: number;
  /** What it really uses. Default: all that it reserves. */
  used?: number;
  ms?: number;
}

/** A model whose requests cost what they say, and which keeps to the budget as the real caller does. */
function costing({ tokens, used = tokens, ms = 0 }: Cost) {
  const asked: string[] = [];
  let atOnce = 0;
  let most = 0;
  const askModel = async (request: ModelRequest, workplace: Workplace): Promise<ModelAnswer> => {
    const wanted = { requests: 1, turns: 1, tokens, toolCalls: 0, costUsd: tokens / 1_000 };
    const held = await workplace.budget.reserve(wanted);
    most = Math.max(most, ++atOnce);
    asked.push(String(request.messages[0]?.content));
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    atOnce--;
    const usage = { requests: 1, turns: 1, inputTokens: 0, outputTokens: used, costUsd: used / 1_000 };
    await held.settle(usage);
    return { text: "fine", output: undefined, finishReason: "stop", usage: addUsage(noUsage, usage) };
  };
  return { ports: { askModel } satisfies Partial<EnginePorts>, asked, most: () => most };
}

const usedBy = (t: ReturnType<typeof engines.open>, id: string, ordinal = 0) =>
  t.store.budgets.find({ seq: t.get(id).seq, ordinal });

test("a limit ends the execution before the next request, and the usage is the real one", async () => {
  const model = costing({ tokens: 40, used: 35 });
  const asking = flow(
    "asking",
    async () => {
      for (let i = 0; i < 5; i++) await llm(`question ${i}`).catch(() => "caught");
      return "went on";
    },
    { guardrails: { maxTokens: 100 } },
  );
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const { id } = await t.start(asking);
  expect(await t.ended(id)).toMatchObject({
    status: "failed",
    failure: {
      code: "guardrail_exceeded",
      origin: "guardrail",
      checkpoint: "llm#3",
      guardrail: { limit: "max_tokens", allowed: 100, used: 70 },
      message: "max_tokens of the execution is 100: 70 were used, and what comes next needs 40 more",
    },
  });
  expect(model.asked).toEqual(["question 0", "question 1"]);
  expect(usedBy(t, id)?.used).toMatchObject({ requests: 2, outputTokens: 70, turns: 2 });
  expect(t.events(id)).toContain("guardrail_exceeded");
});

test("a cost limit holds as tokens do", async () => {
  const model = costing({ tokens: 400 });
  const asking = flow("asking", async () => [await llm("a"), await llm("b"), await llm("c")], {
    guardrails: { maxCostUsd: 1 },
  });
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const { id } = await t.start(asking);
  expect(await t.ended(id)).toMatchObject({
    status: "failed",
    failure: { guardrail: { limit: "max_cost_usd", allowed: 1, used: 0.8 } },
  });
});

test("twenty requests at once never take more than there is, and wait for what others give back", async () => {
  const model = costing({ tokens: 100, used: 10, ms: 20 });
  const many = flow("many", async () => Promise.all(Array.from({ length: 20 }, (_, i) => llm(`row ${i}`))), {
    guardrails: { maxTokens: 400 },
  });
  const t = engines.open([many], { ports: model.ports });
  t.work();
  const { id } = await t.start(many);
  expect(await t.result(id)).toHaveLength(20);
  expect(model.most()).toBeLessThanOrEqual(4);
  expect(usedBy(t, id)?.used.outputTokens).toBe(200);
  expect(t.store.budgets.held({ seq: t.get(id).seq, ordinal: 0 })).toMatchObject({ requests: 0, tokens: 0 });
});

test("twenty requests at once over the limit end the execution with no more than it allows", async () => {
  const model = costing({ tokens: 100, ms: 20 });
  const many = flow("many", async () => Promise.all(Array.from({ length: 20 }, (_, i) => llm(`row ${i}`))), {
    guardrails: { maxTokens: 450 },
  });
  const t = engines.open([many], { ports: model.ports });
  t.work();
  const { id } = await t.start(many);
  expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { origin: "guardrail" } });
  expect(model.asked.length).toBeLessThanOrEqual(4);
});

test("four fifths of a limit are worth a warning, once", async () => {
  const model = costing({ tokens: 30 });
  const asking = flow("asking", async () => [await llm("a"), await llm("b"), await llm("c")].length, {
    guardrails: { maxTokens: 100 },
  });
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const { id } = await t.start(asking);
  await t.result(id);
  expect(t.events(id).filter((type) => type === "guardrail_warning")).toHaveLength(1);
});

test("a step's own limit fails the step, which the flow may catch", async () => {
  const model = costing({ tokens: 60 });
  const asking = flow("asking", async () => {
    const twice = checkpoint("twice", async () => `${await llm("a")} ${await llm("b")}`, {
      guardrails: { maxTokens: 100 },
      retries: 3,
    });
    return twice().catch((error) => `${error.origin}: ${error.guardrail.limit}`);
  });
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const { id } = await t.start(asking);
  expect(await t.result(id)).toBe("guardrail: max_tokens");
  expect(model.asked).toEqual(["a"]);
  expect(t.entry(id, "twice")).toMatchObject({ status: "failed", attempt: 1 });
});

test("an inline request over the execution's limit cannot be caught by the checkpoint", async () => {
  const model = costing({ tokens: 60 });
  const greedy = checkpoint("greedy", async () => {
    for (;;) await llm("more").catch(() => "never mind");
  });
  const asking = flow("asking", async () => greedy(), { guardrails: { maxTokens: 100 } });
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const { id } = await t.start(asking);
  expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { origin: "guardrail", checkpoint: "greedy" } });
});

test("what children use counts in those above", async () => {
  const model = costing({ tokens: 40 });
  const child = flow("child", async () => [await llm("c1"), await llm("c2")].length);
  const parent = flow(
    "parent",
    async () => {
      await llm("p1");
      return (await child.run(undefined)).result();
    },
    { guardrails: { maxTokens: 100 } },
  );
  const t = engines.open([parent, child], { ports: model.ports });
  t.work();
  const { id } = await t.start(parent);
  expect(await t.ended(id)).toMatchObject({
    status: "failed",
    failure: { code: "child_failed", origin: "guardrail", guardrail: { limit: "max_tokens", allowed: 100, used: 80 } },
  });
  expect(usedBy(t, id)?.used.outputTokens).toBe(80);
  const started = t.entry(id, "child");
  expect(usedBy(t, id, started.ordinal)?.used.outputTokens).toBe(40);
});

test("a person who is asked raises the limit, and all that stood still goes on", async () => {
  const model = costing({ tokens: 40, ms: 5 });
  const asking = flow(
    "asking",
    async () => {
      const texts = await Promise.all([llm("a"), llm("b"), llm("c"), llm("d")]);
      return [...texts, await llm("e")].length;
    },
    { guardrails: { maxTokens: 100, onExceed: "ask" } },
  );
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const { id } = await t.start(asking);
  await t.waiting(id);
  const [asked, ...others] = t.store.journal.pendingWaits(t.get(id).seq);
  expect(others).toEqual([]);
  expect(asked).toMatchObject({
    name: "raise_max_tokens",
    detail: {
      question: expect.stringContaining("max_tokens of the execution is 100, and 80 of it are used."),
      schema: { type: "integer", minimum: 120, examples: [120] },
    },
  });
  const answer = (value: unknown) => t.engine.answer(id, { value });
  await expect(answer(90)).rejects.toThrow(/must be >= 120/);
  await answer(170);
  // 160 are used then: the last one needs more again.
  await t.waiting(id);
  await vi.waitFor(() => expect(t.store.journal.pendingWaits(t.get(id).seq)).toHaveLength(1));
  await t.waiting(id);
  await answer(1_000);
  expect(await t.result(id)).toBe(5);
  expect(model.asked.toSorted()).toEqual(["a", "b", "c", "d", "e"]);
  expect(usedBy(t, id)?.used.outputTokens).toBe(200);
  expect(t.events(id)).toContain("guardrail_raised");
  expect(t.events(id)).not.toContain("entries_unused");
  // Told once for each request that met the limit, and not again at each wake.
  expect(t.events(id).filter((type) => type === "guardrail_exceeded").length).toBeLessThanOrEqual(3);
});

test("a limit above several executions is raised for all that ask for it", async () => {
  const model = costing({ tokens: 60 });
  const child = flow("child", async () => llm("more"));
  const parent = flow("parent", async () => {
    const children = await Promise.all([1, 2, 3, 4].map(() => child.run(undefined)));
    return Promise.all(children.map((one) => one.result()));
  });
  const t = engines.open([parent, child], { ports: model.ports });
  t.work();
  const { id } = await t.start(parent, undefined, { limits: { max_tokens: 70, on_exceed: "ask" } });
  const asking = () => t.store.families.descendants(t.get(id).seq, 10).filter(({ pendingWaits }) => pendingWaits > 0);
  await vi.waitFor(() => expect(asking()).toHaveLength(3), 5_000);
  await t.engine.answer(asking()[1]?.id ?? "", { value: 500 });
  expect(await t.result(id)).toEqual(["fine", "fine", "fine", "fine"]);
  expect(usedBy(t, id)).toMatchObject({ limits: { max_tokens: 500 }, used: { outputTokens: 240 } });
});

test("who aborts the question ends the execution at its limit", async () => {
  const model = costing({ tokens: 60 });
  const asking = flow("asking", async () => [await llm("a"), await llm("b")].length, {
    guardrails: { maxTokens: 100, onExceed: "ask" },
  });
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const { id } = await t.start(asking);
  await t.waiting(id);
  await t.engine.abortWait(id, { wait: undefined, reason: "no" });
  expect(await t.ended(id)).toMatchObject({
    status: "failed",
    failure: { origin: "guardrail", guardrail: { limit: "max_tokens", used: 60 } },
  });
});

test("an answer is heard by the process that comes after a crash", async () => {
  const model = costing({ tokens: 60 });
  const asking = flow(
    "asking",
    async () => {
      await llm("a");
      await llm("b");
      return wait({ name: "go" });
    },
    { guardrails: { maxTokens: 100, onExceed: "ask" } },
  );
  const first = engines.open([asking], { ports: model.ports });
  first.work();
  const { id } = await first.start(asking);
  await first.waiting(id);
  await first.crash();
  const t = engines.open([asking], { ports: model.ports });
  await t.engine.answer(id, { value: 500, wait: "raise_max_tokens" });
  t.work();
  await t.asked(id, "go");
  await t.waiting(id);
  await t.engine.answer(id, { value: true, wait: "go" });
  await t.ended(id);
  expect(model.asked).toEqual(["a", "b"]);
  expect(t.events(id)).not.toContain("entries_unused");
});

test("what a dead process held in reserve counts no more", async () => {
  const never = costing({ tokens: 80, ms: 1e9 });
  const asking = flow("asking", async () => llm("a"), { guardrails: { maxTokens: 100 } });
  const first = engines.open([asking], { ports: never.ports });
  first.work({ leaseMs: 3_000 });
  const { id } = await first.start(asking);
  await vi.waitFor(() => expect(never.asked).toEqual(["a"]));
  await first.crash();
  const model = costing({ tokens: 80 });
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  expect(await t.result(id)).toBe("fine");
});

test("the time of work is limited, and what is slept or waited does not count", async () => {
  const clock = createClock();
  const work = checkpoint("work", async (ms: number) => {
    await new Promise<void>((resolve) => clock.at(clock.now() + ms, resolve));
    return ms;
  });
  const working = flow(
    "working",
    async () => {
      await work(60_000);
      await sleep("2h");
      await work(30_000);
      return work(3_600_000);
    },
    { guardrails: { maxTime: "2m" } },
  );
  const t = engines.open([working], { clock });
  t.work({ leaseMs: 1e9 });
  const { id } = await t.start(working);
  const step = async (ms: number, until: () => void) => {
    await vi.waitFor(until);
    clock.move(ms);
  };
  const running = (count: number) => () => {
    const entries = t.entries(id).filter(({ name }) => name === "work");
    expect(entries).toHaveLength(count);
    expect(entries.at(-1)?.status).toBe("running");
  };
  await step(60_000, running(1));
  await step(7_200_000, () => expect(t.get(id).status).toBe("waiting"));
  await step(30_000, running(2));
  await step(40_000, running(3));
  expect(await t.ended(id)).toMatchObject({
    status: "failed",
    failure: { origin: "guardrail", guardrail: { limit: "max_time", allowed: 120_000 } },
  });
});

test("a retry with a higher limit goes on from where the limit was met", async () => {
  const model = costing({ tokens: 60 });
  const asking = flow("asking", async () => [await llm("a"), await llm("b"), await llm("c")].length, {
    guardrails: { maxTokens: 100 },
    retries: 5,
  });
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const { id } = await t.start(asking);
  expect(await t.ended(id)).toMatchObject({ status: "failed", attempt: 1 });
  await t.engine.retry(id, { limits: { max_tokens: 180 } });
  expect(await t.result(id)).toBe(3);
  expect(model.asked).toEqual(["a", "b", "c"]);
});

test("a replay has the limits of its source, and its own usage", async () => {
  const model = costing({ tokens: 60 });
  const asking = flow("asking", async () => [await llm("a", { name: "a" }), await llm("b", { name: "b" })].length);
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const { id } = await t.start(asking, undefined, { limits: { max_tokens: 120 } });
  await t.result(id);
  const replay = await t.replay(id, { from: "b" });
  await t.result(replay.id);
  expect(usedBy(t, replay.id)).toMatchObject({ limits: { max_tokens: 120 }, used: { outputTokens: 60 } });
});

test("two processes that work for one budget never take more than there is", async () => {
  const model = costing({ tokens: 50, ms: 10 });
  const child = flow("child", async () => [await llm("a"), await llm("b"), await llm("c")].length);
  const parent = flow("parent", async () => {
    const children = await Promise.all(Array.from({ length: 8 }, () => child.run(undefined)));
    const ends = await Promise.all(children.map((one) => one.result().catch(() => "limited")));
    return ends.length;
  });
  const options = { ports: model.ports };
  const first = engines.open([parent, child], options);
  const second = engines.open([parent, child], options);
  first.work({ concurrency: 3 });
  second.work({ concurrency: 6 });
  const { id } = await first.start(parent, undefined, { limits: { max_tokens: 620 } });
  await first.ended(id);
  expect(usedBy(first, id)?.used.outputTokens).toBe(600);
  expect(model.asked).toHaveLength(12);
});

test("a request that a crash interrupted is counted with what was sent, and only once", async () => {
  const wanted = { requests: 1, turns: 1, tokens: 50, toolCalls: 0, costUsd: 0.5, sent: { tokens: 20, costUsd: 0.2 } };
  const stuck: { settle: () => Promise<void> }[] = [];
  const askModel: EnginePorts["askModel"] = async (_, { budget }) => {
    const held = await budget.reserve(wanted);
    const usage = { requests: 1, turns: 1, inputTokens: 25, outputTokens: 10, costUsd: 0.4 };
    if (stuck.length === 0) {
      stuck.push({ settle: () => held.settle(usage) });
      await new Promise(() => {});
    }
    await held.settle(usage);
    return { text: "fine", output: undefined, finishReason: "stop", usage: addUsage(noUsage, usage) };
  };
  const asking = flow("asking", async () => llm("a"));
  const first = engines.open([asking], { ports: { askModel } });
  first.work({ leaseMs: 3_000 });
  const { id } = await first.start(asking);
  await vi.waitFor(() => expect(stuck).toHaveLength(1));
  await first.crash();
  const t = engines.open([asking], { ports: { askModel } });
  t.work();
  expect(await t.result(id)).toBe("fine");
  expect(usedBy(t, id)?.used).toMatchObject({
    requests: 2,
    inputTokens: 45,
    outputTokens: 10,
    costUsd: 0.6000000000000001,
  });
});

test("an answer that was given early raises nothing: who raises a limit has seen the question", async () => {
  const model = costing({ tokens: 60 });
  const asking = flow("asking", async () => [await llm("a"), await llm("b")].length, {
    guardrails: { maxTokens: 100, onExceed: "ask" },
  });
  const t = engines.open([asking], { ports: model.ports });
  const { id } = await t.start(asking);
  await t.engine.answer(id, { value: 1_000_000, wait: "raise_max_tokens", early: true });
  t.work();
  await t.waiting(id);
  expect(t.store.journal.pendingWaits(t.get(id).seq)).toMatchObject([{ name: "raise_max_tokens" }]);
  expect(usedBy(t, id)?.limits.max_tokens).toBe(100);
});
