import { expect, test, vi } from "vitest";
import { z } from "zod";
import type { AgentRequest, ModelAnswer, ModelRequest } from "../../src/core/model-call.ts";
import { ModelError } from "../../src/core/model-error.ts";
import { addUsage, noUsage } from "../../src/core/usage.ts";
import type { Workplace } from "../../src/core/workplace.ts";
import type { EnginePorts } from "../../src/engine/ports.ts";
import { agent } from "../../src/flows/agent.ts";
import { batchLlm, composeHooks } from "../../src/flows/batch-llm.ts";
import { checkpoint } from "../../src/flows/checkpoint.ts";
import { flow } from "../../src/flows/flow.ts";
import { llm } from "../../src/flows/llm.ts";
import { modelTool } from "../../src/flows/model-tools.ts";
import { wait } from "../../src/flows/wait.ts";
import { createClock } from "../../src/testing/clock.ts";
import { useEngines } from "../helpers/engine.ts";

const engines = useEngines();

type Reply = string | { output: unknown };
type Asked = {
  request: ModelRequest;
  workplace: Workplace;
  callTool: (name: string, input: unknown) => Promise<unknown>;
};

/** A model that answers as the function says, and all that it was asked. */
function answering(reply: (asked: Asked, count: number) => Reply | Promise<Reply>) {
  const asked: Asked[] = [];
  const askModel: EnginePorts["askModel"] = async (request, workplace, callTool): Promise<ModelAnswer> => {
    asked.push({ request, workplace, callTool });
    const answer = await reply({ request, workplace, callTool }, asked.length);
    const usage = addUsage(noUsage, { requests: 1, inputTokens: 3, outputTokens: 2, costUsd: 0.01 });
    const text = typeof answer === "string" ? answer : JSON.stringify(answer.output);
    return { text, output: typeof answer === "string" ? undefined : answer.output, finishReason: "stop", usage };
  };
  return { ports: { askModel }, asked, prompts: () => asked.map(({ request }) => request.messages.at(-1)?.content) };
}

test("a call in the flow is a checkpoint that is never asked twice, whatever comes after it", async () => {
  const model = answering(() => "a title");
  const titled = flow("titled", async () => {
    const title = await llm("A title?", { name: "title", model: "fast" });
    await wait({ name: "approve" });
    return title;
  });
  const first = engines.open([titled], { ports: model.ports });
  first.work();
  const { id } = await first.start(titled);
  await first.waiting(id);
  await first.crash();
  const t = engines.open([titled], { ports: model.ports });
  t.work();
  await t.engine.answer(id, { value: true });
  expect(await t.result(id)).toBe("a title");
  expect(model.asked).toHaveLength(1);
  expect(t.entry(id, "title")).toMatchObject({ type: "llm_call", status: "completed", origin: "executed" });
  expect(model.asked[0]?.workplace).toMatchObject({ step: "title", selector: "title", isWholeCheckpoint: true });
});

test("what does not fit the caller's schema is asked for again", async () => {
  const model = answering((_, count) => ({ output: { score: count === 1 ? 11 : 7 } }));
  const Score = z.object({ score: z.number() }).refine(({ score }) => score <= 10, "the score is too high");
  const rating = flow("rating", async () => llm("Rate it", { output: Score, retries: { max: 2, backoff: 1 } }));
  const t = engines.open([rating], { ports: model.ports });
  t.work();
  expect(await t.run(rating)).toEqual({ score: 7 });
  expect(model.asked).toHaveLength(2);
});

test("a provider that is busy is asked again when it says, however long that is", async () => {
  const clock = createClock();
  const model = answering((_, count) => {
    if (count > 1) return "at last";
    throw new ModelError("rate_limited", "too many requests", { isTransient: true, retryAfterMs: 3_600_000 });
  });
  const asking = flow("asking", async () => llm("Now?"));
  const t = engines.open([asking], { ports: model.ports, clock });
  t.work({ leaseMs: 1e9 });
  const { id } = await t.start(asking);
  await t.waiting(id);
  expect(t.get(id)).toMatchObject({ status: "waiting", wakeAt: clock.now() + 3_600_000 });
  clock.move(3_600_000);
  expect(await t.result(id)).toBe("at last");
});

test("what another attempt would not mend fails at once, with the model's own words", async () => {
  const model = answering(() => {
    throw new ModelError("no_key", "there is no key for anthropic", { hint: "Set ANTHROPIC_API_KEY." });
  });
  const asking = flow("asking", async () => llm("Now?"));
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const { id } = await t.start(asking);
  expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { checkpoint: "llm", origin: "user_code" } });
  expect(t.entry(id, "llm").failure).toMatchObject({ code: "no_key", hint: "Set ANTHROPIC_API_KEY." });
});

test.each([2, { max: 2, backoff: 1 }])(
  "retries of its own (%j) do not repeat what would fail again",
  async (retries) => {
    const model = answering(() => {
      throw new ModelError("bad_request", "no such parameter");
    });
    const asking = flow("asking", async () => llm("Now?", { retries }));
    const t = engines.open([asking], { ports: model.ports });
    t.work();
    const { id } = await t.start(asking);
    await t.ended(id);
    expect(model.asked).toHaveLength(1);
  },
);

test("a retryOn of its own says what is repeated", async () => {
  const model = answering(() => {
    throw new ModelError("bad_request", "no such parameter");
  });
  const asking = flow("asking", async () => llm("Now?", { retries: { max: 2, backoff: 1, retryOn: () => true } }));
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const { id } = await t.start(asking);
  await t.ended(id);
  expect(model.asked).toHaveLength(3);
});

test("inside a checkpoint a call is part of it", async () => {
  const model = answering(({ request }) => `${request.messages[0]?.content}!`);
  const both = checkpoint("both", async () => [await llm("one"), await llm("two", { system: "Be brief." })]);
  const asking = flow("asking", async () => both());
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const { id } = await t.start(asking);
  expect(await t.result(id)).toEqual(["one!", "two!"]);
  expect(t.entries(id).map(({ name }) => name)).toEqual(["both"]);
  expect(model.asked.map(({ workplace }) => workplace.isWholeCheckpoint)).toEqual([false, false]);
});

test("tools get what their schemas let through, and their results go back to the model", async () => {
  const model = answering(async ({ callTool }) => {
    const refused = await callTool("add", { a: "x" }).catch((error) => error.message);
    return `${refused} / ${await callTool("add", { a: 2, b: 3 })}`;
  });
  const add = modelTool({ input: z.object({ a: z.number(), b: z.number().default(1) }), run: ({ a, b }) => a + b });
  const asking = flow("asking", async () => llm("2 + 3?", { tools: { add } }));
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  expect(await t.run(asking)).toMatch(/^a: .*expected number.* \/ 5$/);
  expect(model.asked[0]?.request.tools).toMatchObject([{ name: "add", inputSchema: { required: ["a"] } }]);
});

test("options that cannot be meant are refused where they are given", async () => {
  const model = answering(() => "fine");
  const wrong: [string, () => Promise<unknown>][] = [
    ["llm llm: the prompt is empty", () => llm("  ")],
    ['llm llm: the option "temprature" is unknown', () => llm("x", { temprature: 1 } as never)],
    ["llm llm: temperature must be a number from 0 to 2; it is 3", () => llm("x", { temperature: 3 })],
    ["llm: the options must be an object; it is null", () => llm("x", null as never)],
    ["llm llm: maxTokens must be a whole number, 1 or more; it is 0", () => llm("x", { maxTokens: 0 })],
    ["llm llm: maxTurns must be a whole number, 1 or more; it is 0", () => llm("x", { maxTurns: 0 })],
    [
      "llm llm: messages[0].content[1].data must be bytes",
      () => llm([{ role: "user", content: [{ type: "text", text: "?" }, { type: "image" } as never] }]),
    ],
    [
      "llm llm: messages[0].content[0].mediaType must be a media type",
      () => llm([{ role: "user", content: [{ type: "file", data: "JVBERi0=" } as never] }]),
    ],
    [
      'llm llm: messages[0].content[0] must be a part of type "text", "image" or "file"',
      () => llm([{ role: "user", content: [{ type: "video" } as never] }]),
    ],
    ["llm llm: the messages are all of the system", () => llm([{ role: "system", content: "Be brief." }])],
    ["batchLlm batch: prompt says nothing of the row", () => batchLlm([1], { prompt: "What is this? {text}" })],
    ["llm llm: messages[0] must be", () => llm([{ role: "robot" as never, content: "x" }])],
    ['llm llm: guardrails: the option "maxToken" is unknown', () => llm("x", { guardrails: { maxToken: 3 } as never })],
    ["agent agent: secrets.TOKEN must be [name, key]", () => agent("x", { secrets: { TOKEN: "x" as never } })],
    ["batchLlm batch: prompt must be a text or a function", () => batchLlm([1], {} as never)],
    ["batchLlm batch: hooks: the option", () => batchLlm([1], { prompt: "x", hooks: { onstart() {} } as never })],
  ];
  const asking = flow("asking", async () =>
    Promise.all(wrong.map(([, call]) => call().catch((error) => error.message))),
  );
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const messages = (await t.run(asking)) as string[];
  for (const [index, [words]] of wrong.entries()) expect(messages[index]).toContain(words);
  expect(model.asked).toEqual([]);
});

test("a batch answers each row in its place, and one that fails fails no other", async () => {
  const model = answering(({ request }) => {
    if (request.messages[0]?.content === "Colour of night?") throw new ModelError("refused", "not that one");
    return { output: { colour: `of ${request.messages[0]?.content}` } };
  });
  const rows = [{ what: "grass" }, { what: "night" }, { other: 1 }, { what: "snow" }];
  const batch = flow("batch", async () =>
    batchLlm(rows, { prompt: "Colour of {{ what }}?", output: z.object({ colour: z.string() }), concurrency: 2 }),
  );
  const t = engines.open([batch], { ports: model.ports });
  t.work();
  expect(await t.run(batch)).toMatchObject([
    {
      index: 0,
      row: { what: "grass" },
      status: "completed",
      output: { colour: "of Colour of grass?" },
      usage: { inputTokens: 3 },
    },
    { index: 1, status: "failed", output: null, error: { code: "refused", message: "not that one" } },
    { index: 2, status: "failed", error: { code: "misuse", message: 'the row has no column "what"; it has other' } },
    { index: 3, status: "completed" },
  ]);
});

test("a crash in the middle of a batch asks for no row again that was answered", async () => {
  const stuck = Promise.withResolvers<string>();
  const model = answering(({ request }, count) =>
    count === 41 ? stuck.promise : `answer to ${request.messages[0]?.content}`,
  );
  const rows = Array.from({ length: 60 }, (_, i) => i);
  const ended: unknown[] = [];
  const batch = flow("batch", async () =>
    batchLlm(rows, { prompt: "{{row}}", concurrency: 1, hooks: { onEnd: (end) => ended.push(end) } }),
  );
  const first = engines.open([batch], { ports: model.ports });
  first.work({ leaseMs: 3_000 });
  const { id } = await first.start(batch);
  await vi.waitFor(() => expect(model.asked).toHaveLength(41));
  await first.crash();
  const t = engines.open([batch], { ports: model.ports });
  t.work();
  expect(await t.result(id)).toHaveLength(60);
  expect(model.prompts()).toEqual([...rows.slice(0, 41), ...rows.slice(40)].map(String));
  expect(ended).toMatchObject([{ total: 60, completed: 60, failed: 0, usage: { requests: 60, inputTokens: 180 } }]);
});

test("the hooks of a batch are told once each, also where several are one and the execution wakes", async () => {
  const model = answering(({ request }) => {
    if (request.messages[0]?.content === "b") throw new ModelError("refused", "no");
    return "fine";
  });
  const told: string[] = [];
  const tell = (who: string) => ({
    onStart: ({ total }: { total: number }) => told.push(`${who} start ${total}`),
    onRowSuccess: ({ index }: { index: number }) => told.push(`${who} row ${index}`),
    onRowError: ({ index, error }: { index: number; error: { code: string } }) =>
      told.push(`${who} row ${index} ${error.code}`),
  });
  const onEnd = ({ completed, failed }: { completed: number; failed: number }) =>
    told.push(`end ${completed} ${failed}`);
  const hooks = composeHooks<string, unknown>(tell("A"), undefined, tell("B"), { onEnd });
  const batch = flow("batch", async () => {
    const rows = await batchLlm(["a", "b"], { prompt: (row) => row, concurrency: 1, hooks });
    await wait({ name: "go" });
    return rows.length;
  });
  const t = engines.open([batch], { ports: model.ports });
  t.work();
  const { id } = await t.start(batch);
  await t.waiting(id);
  await t.engine.answer(id, { value: true });
  expect(await t.result(id)).toBe(2);
  expect(told).toEqual([
    "A start 2",
    "B start 2",
    "A row 0",
    "B row 0",
    "A row 1 refused",
    "B row 1 refused",
    "end 1 1",
  ]);
});

test("models that the run and the flow name for steps reach the call, and children inherit the run's", async () => {
  const model = answering(() => "fine");
  const child = flow("child", async () => llm("c"), { models: { llm: "slow" } });
  const parent = flow("parent", async () => [await llm("p"), await (await child.run(undefined)).result()], {
    models: { "*": "usual" },
  });
  const t = engines.open([parent, child], { ports: model.ports });
  t.work();
  const { id } = await t.start(parent, undefined, { models: { llm: "fast" } });
  await t.result(id);
  expect(model.asked.map(({ workplace }) => workplace.models)).toEqual([
    { run: { llm: "fast" }, flow: { "*": "usual" } },
    { run: { llm: "fast" }, flow: { llm: "slow" } },
  ]);
});

test("an agent goes on with what it remembered when a crash interrupts it, and anew when an attempt fails", async () => {
  const seen: { remembered: object; attempt: number; request: AgentRequest }[] = [];
  const runAgent: EnginePorts["runAgent"] = async (request, workplace) => {
    seen.push({ request, remembered: { ...workplace.remembered }, attempt: workplace.attempt });
    await workplace.remember({ session_id: `session ${seen.length}` });
    if (seen.length === 1) await new Promise(() => {});
    if (seen.length === 2) throw new ModelError("overloaded", "busy", { isTransient: true, retryAfterMs: 1 });
    return { text: "done", output: undefined, turns: 2, toolCalls: 1, sessionId: "s", usage: noUsage };
  };
  const working = flow("working", async () => (await agent("Mend it", { name: "mend" })).text);
  const first = engines.open([working], { ports: { runAgent } });
  first.work({ leaseMs: 3_000 });
  const { id } = await first.start(working);
  await vi.waitFor(() =>
    expect(first.entry(id, "mend").detail).toMatchObject({ remembered: { session_id: "session 1" } }),
  );
  await first.crash();
  const t = engines.open([working], { ports: { runAgent } });
  t.work();
  expect(await t.result(id)).toBe("done");
  expect(seen).toMatchObject([
    { attempt: 1, remembered: {} },
    { attempt: 1, remembered: { session_id: "session 1" } },
    { attempt: 2, remembered: {} },
  ]);
  expect(t.entry(id, "mend")).toMatchObject({ type: "agent", attempt: 2 });
});

test("what an agent started is cancelled with its attempt when that fails, and counts in its step", async () => {
  const child = flow("child", async () => wait({ name: "never" }));
  const usage = { requests: 1, inputTokens: 5, outputTokens: 5 };
  const runAgent: EnginePorts["runAgent"] = async (_, workplace) => {
    await workplace.budget.spend(usage);
    const started = await t.start(child, undefined, {
      parentId: workplace.executionId,
      parentCheckpoint: workplace.ordinal,
    });
    await t.waiting(started.id);
    expect(t.get(started.id).parentCheckpoint).toBe(workplace.ordinal);
    throw new ModelError("agent_failed", "it gave up");
  };
  const working = flow("working", async () => agent("Try").catch(() => "gave up"));
  const t = engines.open([working, child], { ports: { runAgent } });
  t.work();
  const { id } = await t.start(working);
  expect(await t.result(id)).toBe("gave up");
  const [below] = t.store.families.descendants(t.get(id).seq, 10);
  expect(below).toMatchObject({ workflow: "child", status: "cancelled" });
  const step = t.entry(id, "agent").ordinal;
  expect(t.store.budgets.find({ seq: t.get(id).seq, ordinal: step })?.used).toMatchObject({
    requests: 1,
    inputTokens: 5,
  });
});

test("an attempt that ran out of time is made again, and one that cannot end otherwise is not", async () => {
  const model = answering((_, count) => {
    if (count === 1) return new Promise<never>(() => {});
    throw new ModelError("bad_request", "no such parameter");
  });
  const asking = flow("asking", async () => llm("Now?", { timeout: 20, retries: { max: 3, backoff: 1 } }));
  const t = engines.open([asking], { ports: model.ports });
  t.work();
  const { id } = await t.start(asking);
  expect(await t.ended(id)).toMatchObject({
    status: "failed",
    failure: { message: expect.stringContaining("no such") },
  });
  expect(model.asked).toHaveLength(2);
});
