import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  checkpoint,
  executionId,
  flow,
  isReplay,
  load,
  now,
  random,
  save,
  sleep,
  uuid,
  wait,
} from "../../src/index.ts";
import { createClock } from "../../src/testing/clock.ts";
import { until, useEngines } from "../helpers/engine.ts";

const engines = useEngines();
const version = { hash: "test", checkpoints: [] as string[] };

/** A flow a → b → c, where c is called twice, and what ran of it. */
function chain() {
  const ran: string[] = [];
  const step = (name: string) =>
    checkpoint(name, async (input: string) => {
      ran.push(name);
      return `${input}${name}`;
    });
  const [a, b, c] = [step("a"), step("b"), step("c")];
  const steps = flow("chain", async (start: string) => c(await c(await b(await a(start)))));
  return { steps, ran };
}

describe("a replay", () => {
  test.each([
    ["a name", "b", ["b", "c", "c"]],
    ["a selector", "c#2", ["c"]],
    ["an id", ":2", ["b", "c", "c"]],
    ["nothing", undefined, ["a", "b", "c", "c"]],
  ])("from %s re-runs the anchor and what came after it", async (_, from, expected) => {
    const { steps, ran } = chain();
    const t = engines.open([steps]);
    t.work();
    const { id } = await t.start(steps, ">");
    expect(await t.result(id)).toBe(">abcc");
    const source = [t.get(id), t.entries(id), t.events(id)];
    ran.length = 0;
    const again = await t.replay(id, { from: from?.startsWith(":") === true ? `${id}${from}` : from });
    expect(again).toMatchObject({ replayedFrom: id });
    expect(await t.result(again.id)).toBe(">abcc");
    expect(ran).toEqual(expected);
    expect([t.get(id), t.entries(id), t.events(id)]).toEqual(source);
    const reused = 4 - expected.length;
    expect(t.entries(again.id).filter(({ origin }) => origin === "replayed")).toHaveLength(reused);
    expect(t.entries(again.id).every(({ reuse }) => reuse === "own")).toBe(true);
  });

  test("refuses an anchor that is unknown, shared or a wait, and says what there is", async () => {
    const { steps } = chain();
    const asks = flow("asks", () => wait({ name: "approve" }));
    const t = engines.open([steps, asks]);
    t.work();
    const { id } = await t.start(steps, ">");
    await t.result(id);
    const selectors = ["a", "b", "c#1", "c#2"];
    await expect(t.replay(id, { from: "d" })).rejects.toMatchObject({ code: "not_found", details: { selectors } });
    await expect(t.replay(id, { from: "c" })).rejects.toMatchObject({
      code: "ambiguous",
      details: { candidates: ["c#1", "c#2"] },
    });
    const asked = await t.start(asks);
    await t.waiting(asked.id);
    await expect(t.replay(asked.id, { from: "approve" })).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("refuses a source that is running", async () => {
    const gate = Promise.withResolvers<void>();
    const slow = checkpoint("slow", () => gate.promise);
    const working = flow("working", () => slow());
    const t = engines.open([working]);
    t.work();
    const { id } = await t.start(working);
    await until(() => t.get(id).status === "running");
    await expect(t.replay(id)).rejects.toMatchObject({ code: "invalid_state", details: { status: "running" } });
    gate.resolve();
    await t.result(id);
  });

  test("takes overrides by name for all calls and by selector for one, which wins", async () => {
    const { steps, ran } = chain();
    const t = engines.open([steps]);
    t.work();
    const { id } = await t.start(steps, ">");
    await t.result(id);
    ran.length = 0;
    const byName = await t.replay(id, { overrides: { "checkpoint.c": "all" } });
    expect(await t.result(byName.id)).toBe("all");
    expect(ran).toEqual(["a", "b"]);
    ran.length = 0;
    const bySelector = await t.replay(id, { overrides: { "checkpoint.c#1": "first" } });
    expect(await t.result(bySelector.id)).toBe("firstc");
    expect(ran).toEqual(["a", "b", "c"]);
    ran.length = 0;
    const both = await t.replay(id, { overrides: { "checkpoint.c": "all", "checkpoint.c#1": "one" } });
    expect(await t.result(both.id)).toBe("all");
    expect(
      t
        .entries(both.id)
        .filter(({ name }) => name === "c")
        .map(({ output }) => output),
    ).toEqual(['"one"', '"all"']);
    expect(t.entries(both.id).filter(({ origin }) => origin === "overridden")).toHaveLength(2);
  });

  test("re-runs what an override before the anchor reaches, and only that", async () => {
    const ran: string[] = [];
    const make = (name: string) =>
      checkpoint(name, async (input: string) => {
        ran.push(name);
        return `${name}(${input})`;
      });
    const [source, reached, apart, anchor] = [make("source"), make("reached"), make("apart"), make("anchor")];
    const mixing = flow("mixing", async () => anchor([await reached(await source("x")), await apart("y")].join()));
    const t = engines.open([mixing]);
    t.work();
    const { id } = await t.start(mixing);
    await t.result(id);
    ran.length = 0;
    const again = await t.replay(id, { from: "anchor", overrides: { "checkpoint.source": "new" } });
    expect(await t.result(again.id)).toBe("anchor(reached(new),apart(y))");
    expect(ran).toEqual(["reached", "anchor"]);
    ran.length = 0;
    const twice = await t.replay(again.id, { from: "anchor" });
    expect(await t.result(twice.id)).toBe("anchor(reached(new),apart(y))");
    expect(ran).toEqual(["anchor"]);
  });

  test("of a replay finds its anchor by the number of the call, whatever ran anew before", async () => {
    const { steps, ran } = chain();
    const t = engines.open([steps]);
    t.work();
    const { id } = await t.start(steps, ">");
    await t.result(id);
    const first = await t.replay(id, { from: "c#2", overrides: { "checkpoint.b": "B" } });
    expect(await t.result(first.id)).toBe("Bcc");
    const [, last] = t.entries(first.id).filter(({ name }) => name === "c");
    ran.length = 0;
    const second = await t.replay(first.id, { from: `${first.id}:${last?.ordinal}` });
    expect(await t.result(second.id)).toBe("Bcc");
    expect(ran).toEqual(["c"]);
  });

  test("ends as diverged when an override or the anchor can no longer be reached", async () => {
    const a = checkpoint("a", async () => true);
    const b = checkpoint("b", async () => "b");
    const branching = flow("branching", async () => ((await a()) ? b() : "elsewhere"));
    const t = engines.open([branching]);
    t.work();
    const { id } = await t.start(branching);
    await t.result(id);
    const unreached = await t.replay(id, { from: "b", overrides: { "checkpoint.a": false } });
    expect(await t.ended(unreached.id)).toMatchObject({
      status: "failed",
      failure: { origin: "diverged", code: "anchor_unreached" },
    });
    const unused = await t.replay(id, { overrides: { "checkpoint.a": false, "checkpoint.b": "new" } });
    expect(await t.ended(unused.id)).toMatchObject({
      failure: { origin: "diverged", code: "override_unused", message: expect.stringContaining("b") },
    });
    await expect(t.replay(id, { overrides: { "checkpoint.bb": 1 } })).rejects.toMatchObject({
      code: "not_found",
      hint: expect.stringContaining('Did you mean "b"'),
    });
    await expect(t.replay(id, { overrides: { "wait.x": 1 } })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(t.replay(id, { overrides: { b: 1 } })).rejects.toMatchObject({ hint: 'Write it as "checkpoint.b".' });
  });

  test("may override a checkpoint that the source never reached", async () => {
    const a = checkpoint("a", async (): Promise<string> => {
      throw new Error("fails");
    });
    const b = checkpoint("b", async (input: string) => `b(${input})`);
    const failing = flow("failing", async () => b(await a()));
    const t = engines.open([failing]);
    t.work();
    const { id } = await t.start(failing);
    expect((await t.ended(id)).status).toBe("failed");
    const fixed = await t.replay(id, {
      from: "a",
      overrides: { "checkpoint.a": "A", "checkpoint.b": "B" },
      version: { hash: "test", checkpoints: ["a", "b"] },
    });
    expect(await t.result(fixed.id)).toBe("B");
    const half = await t.replay(id, { overrides: { "checkpoint.a": "A" } });
    expect(await t.result(half.id)).toBe("b(A)");
  });

  test("keeps its overrides when it fails and is retried", async () => {
    let fails = true;
    const a = checkpoint("a", async () => {
      if (fails) throw new Error("once");
      return "a";
    });
    let ran = 0;
    const b = checkpoint("b", async (input: string) => {
      ran++;
      return input;
    });
    const working = flow("working", async () => [await a(), await b("one"), await b("two")]);
    fails = false;
    const t = engines.open([working]);
    t.work();
    const { id } = await t.start(working);
    await t.result(id);
    fails = true;
    const again = await t.replay(id, { overrides: { "checkpoint.b#1": "B" } });
    expect((await t.ended(again.id)).status).toBe("failed");
    fails = false;
    ran = 0;
    await t.engine.retry(again.id);
    expect(await t.result(again.id)).toEqual(["a", "B", "two"]);
    expect(ran).toBe(1);
  });

  test("runs with another input when it is given one, null included", async () => {
    const { steps } = chain();
    const echo = flow("echo", (input: unknown) => ({ input }));
    const t = engines.open([steps, echo]);
    t.work();
    const { id } = await t.start(steps, ">");
    await t.result(id);
    const again = await t.replay(id, { from: "c#2", input: { value: "!" } });
    expect(await t.result(again.id)).toBe("!abcc");
    const echoed = await t.start(echo, { a: 1 });
    await t.result(echoed.id);
    const nothing = await t.replay(echoed.id, { input: { value: null } });
    expect(await t.result(nothing.id)).toEqual({ input: null });
    expect(await t.result((await t.replay(echoed.id)).id)).toEqual({ input: { a: 1 } });
  });

  test("asks its waits again, unless told to reuse the answers to equal questions given before the anchor", async () => {
    const state = { question: "Publish?" };
    const done = checkpoint("done", async (answer: unknown) => answer);
    const asking = flow("asking", async () => {
      const first = await wait({ name: "first", schema: z.string() });
      const second = await wait({ name: "second", question: state.question, schema: z.string() });
      return done(`${first} ${second}`);
    });
    const t = engines.open([asking]);
    t.work();
    const { id } = await t.start(asking);
    for (const name of ["first", "second"]) {
      await t.asked(id, name);
      await t.engine.answer(id, { wait: name, value: name });
    }
    expect(await t.result(id)).toBe("first second");
    const asked = await t.replay(id, { from: "done" });
    await t.asked(asked.id, "first");
    expect(
      t
        .entries(asked.id)
        .filter(({ reuse }) => reuse === "own")
        .map(({ name }) => name),
    ).toEqual(["first"]);
    expect(await t.result((await t.replay(id, { from: "done", reuseAnswers: true })).id)).toBe("first second");
    state.question = "Really publish?";
    const changed = await t.replay(id, { from: "done", reuseAnswers: true });
    await t.asked(changed.id, "second");
    await t.engine.answer(changed.id, { value: "anew" });
    expect(await t.result(changed.id)).toBe("first anew");
  });

  test("reuses sleeps, values and loads from before the anchor, and does those after it again", async () => {
    const clock = createClock();
    const anchor = checkpoint("anchor", async () => "anchored");
    const valued = flow("valued", async () => {
      const before = [uuid(), random(), now()];
      await save("report", executionId());
      const loaded = await load(executionId(), "report");
      await sleep("1h");
      await anchor();
      return { before, loaded, after: [uuid(), random(), now()], isReplay: isReplay() };
    });
    const t = engines.open([valued], { clock });
    t.work();
    const { id } = await t.start(valued);
    await t.waiting(id);
    clock.move(3_600_000);
    const source = (await t.result(id)) as { before: unknown[]; after: unknown[] };
    clock.move(3_600_000);
    const again = await t.replay(id, { from: "anchor" });
    const replayed = (await t.result(again.id)) as {
      before: unknown[];
      after: unknown[];
      loaded: unknown;
      isReplay: boolean;
    };
    expect(replayed.before).toEqual(source.before);
    expect(replayed.isReplay).toBe(true);
    for (const [i, value] of replayed.after.entries()) expect(value).not.toEqual(source.after[i]);
    // The artifact's name is the same but its execution is another, so this is another load.
    expect(replayed.loaded).toBe(again.id);
    expect(t.store.artifacts.list(again.seq).map(({ name }) => name)).toEqual(["report"]);
  });

  test("can be planned without being started", async () => {
    const { steps } = chain();
    const t = engines.open([steps]);
    t.work();
    const { id } = await t.start(steps, ">");
    await t.result(id);
    const { plan, execution } = await t.engine.replay(id, {
      from: "c#2",
      overrides: { "checkpoint.a": "A" },
      dryRun: true,
      version,
      timeoutMs: null,
      idempotencyKey: "k",
    });
    expect(execution).toBeNull();
    expect(plan).toMatchObject({ reused: ["b", "c#1"], overridden: ["a"], rerun: ["c#2"], asked: [], answered: [] });
  });

  test("with a known key answers the first one's execution, and with another request is a conflict", async () => {
    const { steps } = chain();
    const t = engines.open([steps]);
    t.work();
    const { id } = await t.start(steps, ">");
    await t.result(id);
    const request = { from: "b", overrides: { "checkpoint.a": 1n }, idempotencyKey: "k" };
    const first = await t.replay(id, request);
    expect((await t.replay(id, request)).id).toBe(first.id);
    await expect(t.replay(id, { ...request, overrides: { "checkpoint.a": 2n } })).rejects.toMatchObject({
      code: "conflict",
    });
    await expect(t.replay(id, { ...request, from: "a" })).rejects.toMatchObject({ code: "conflict" });
  });

  test("of a failed execution goes on from the failure with what had completed", async () => {
    let fails = true;
    const ran: string[] = [];
    const good = checkpoint("good", async () => {
      ran.push("good");
      return 1;
    });
    const bad = checkpoint("bad", async (n: number) => {
      ran.push("bad");
      if (fails) throw new Error("broken");
      return n + 1;
    });
    const working = flow("working", async () => bad(await good()));
    const t = engines.open([working]);
    t.work();
    const { id } = await t.start(working);
    await t.ended(id);
    fails = false;
    ran.length = 0;
    expect(await t.result((await t.replay(id, { from: "bad" })).id)).toBe(2);
    expect(ran).toEqual(["bad"]);
  });

  test("shows nothing of its source before a call takes it", async () => {
    const { steps } = chain();
    const t = engines.open([steps]);
    const { id } = await t.start(steps, ">");
    const worker = t.work();
    await t.result(id);
    await worker.stop();
    const again = await t.replay(id, { from: "c#2" });
    const listed = t.store
      .reader()
      .prepare("SELECT name FROM journal WHERE execution_seq = ? AND reuse <> 'candidate'");
    expect(listed.all(again.seq)).toEqual([]);
    await expect(t.engine.answer(again.id, { wait: "x", value: 1 })).rejects.toMatchObject({ code: "not_found" });
    t.work();
    expect(await t.result(again.id)).toBe(">abcc");
  });

  test("survives a suspension after its anchor", async () => {
    const { ran } = chain();
    const a = checkpoint("a", async (input: string) => {
      ran.push("a");
      return `${input}a`;
    });
    const holding = flow("holding", async (input: string) => {
      const texts = [await a(input)];
      texts.push(await a(texts[0] ?? ""));
      texts.push(String(await wait({ name: "hold" })));
      texts.push(await a(texts[1] ?? ""));
      return texts;
    });
    const t = engines.open([holding]);
    t.work();
    const { id } = await t.start(holding, "-");
    await t.waiting(id);
    await t.engine.answer(id, { value: "x" });
    await t.result(id);
    ran.length = 0;
    const again = await t.replay(id, { from: "a#3", input: { value: "+" } });
    await t.waiting(again.id);
    await t.engine.answer(again.id, { value: "y" });
    expect(await t.result(again.id)).toEqual(["+a", "+aa", "y", "+aaa"]);
    expect(ran).toHaveLength(3);
  });
});
