import { describe, expect, test } from "vitest";
import { scopeStorage } from "../../src/flows/runtime.ts";
import {
  checkpoint,
  executionId,
  flow,
  load,
  log,
  MisuseError,
  now,
  progress,
  random,
  save,
  sleep,
  uuid,
  wait,
} from "../../src/index.ts";
import { createClock } from "../../src/testing/clock.ts";
import { useEngines } from "../helpers/engine.ts";

const engines = useEngines();

/** What the guard of a worker's process makes of `console.log`. */
function print(message: string): void {
  const scope = scopeStorage.getStore();
  scope?.runtime.print("info", message, scope.checkpoint);
}

describe("in the flow's own code", () => {
  test("values are recorded once and are the same on a re-run", async () => {
    const clock = createClock();
    const seen: unknown[][] = [];
    const valued = flow("valued", async () => {
      seen.push([now(), random(), uuid(), now(), uuid()]);
      await wait({ name: "hold" });
      seen.at(-1)?.push(now());
    });
    const t = engines.open([valued], { clock });
    t.work();
    const { id } = await t.start(valued);
    await t.waiting(id);
    clock.move(5_000);
    await t.engine.answer(id, { value: 1 });
    await t.result(id);
    expect(seen[0]).toHaveLength(5);
    expect(seen[1]).toEqual([...(seen[0] ?? []), clock.now()]);
    expect(t.entries(id).filter(({ kind }) => kind === "value")).toHaveLength(6);
  });

  test("log, progress, save and load happen once however often it runs", async () => {
    const recording = flow("recording", async () => {
      log({ counts: { a: 1 }, phase: "one" });
      progress({ stage: "one", current: 1, total: 2 });
      await save("report", { pages: 3 });
      await save("report", { pages: 4 });
      const loaded = await load(executionId(), "report");
      await wait({ name: "hold" });
      log({ counts: { b: 2 }, phase: "two" });
      await wait({ name: "hold" });
      return loaded;
    });
    const t = engines.open([recording]);
    t.work();
    const { id } = await t.start(recording);
    await t.waiting(id);
    await t.engine.answer(id, { wait: "hold", value: 1 });
    await t.waiting(id);
    await t.asked(id, "hold");
    await t.waiting(id);
    await t.engine.answer(id, { wait: "hold#2", value: 2 });
    expect(await t.result(id)).toEqual({ pages: 4 });
    expect(t.get(id)).toMatchObject({
      metadata: { counts: { a: 1, b: 2 }, phase: "two" },
      progress: { stage: "one", current: 1, total: 2 },
    });
    expect(t.store.artifacts.list(t.get(id).seq)).toHaveLength(2);
    expect(t.events(id).filter((type) => type === "artifact_saved")).toHaveLength(2);
    expect(t.events(id).filter((type) => type === "progress")).toHaveLength(1);
  });

  test("printed lines are logged once, and what a checkpoint prints each time that it runs", async () => {
    const step = checkpoint("step", async () => print("in the checkpoint"));
    const printing = flow("printing", async () => {
      print("begin");
      print("begin");
      await step();
      print("after the step");
      await wait({ name: "hold" });
      print("end");
    });
    const t = engines.open([printing]);
    t.work();
    const { id } = await t.start(printing);
    await t.waiting(id);
    await t.engine.answer(id, { value: 1 });
    await t.result(id);
    expect(t.logs(id)).toEqual(["begin", "begin", "in the checkpoint", "after the step", "end"]);
  });
});

test("callers get copies: what they do to a result never reaches the record", async () => {
  const make = checkpoint("make", async (input: { list: number[] }) => {
    input.list.push(99);
    return input;
  });
  const changing = flow("changing", async () => {
    const input = { list: [1] };
    const output = await make(input);
    output.list.push(100);
    await wait({ name: "hold" });
    return [input, await make(input), output];
  });
  const t = engines.open([changing]);
  t.work();
  const { id } = await t.start(changing);
  await t.waiting(id);
  await t.engine.answer(id, { value: 1 });
  expect(await t.result(id)).toEqual([{ list: [1] }, { list: [1, 99] }, { list: [1, 99, 100] }]);
});

test("load tells what there is when it finds nothing, and a checkpoint's output is an artifact", async () => {
  const step = checkpoint("step", async (n: number) => n);
  const source = flow("source", async () => {
    await save("report", "text");
    return [await step(1), await step(2)];
  });
  const reading = flow("reading", async (id: string) => {
    const message = (name: string) =>
      load(id, name).catch((error: Error & { hint: string }) => `${error.message} | ${error.hint}`);
    return [await load(id, "step#2"), await message("repotr"), await message("step")];
  });
  const t = engines.open([source, reading]);
  t.work();
  const { id } = await t.start(source);
  await t.result(id);
  expect(await t.run(reading, id)).toEqual([
    2,
    `execution ${id} has no artifact "repotr" | Did you mean "report"?`,
    "several outputs are called step: step#1, step#2 | Name one of them.",
  ]);
});

describe("a primitive where it cannot work", () => {
  const inner = checkpoint("inner", async () => 1);
  const other = flow("other", () => 1);
  const inside: [string, () => unknown, string][] = [
    [
      "a checkpoint",
      () => inner(),
      "checkpoint inner was called inside checkpoint outer: a checkpoint cannot call another; call both from the flow",
    ],
    [
      "a wait",
      () => wait({ name: "w" }),
      "wait was called inside checkpoint outer: a checkpoint cannot wait for a person",
    ],
    ["a sleep", () => sleep(1), "sleep was called inside checkpoint outer: sleep in the flow"],
    [
      "another flow's run",
      () => other.run(undefined),
      "other.run() was called inside checkpoint outer: a checkpoint starts no executions; call it from the flow, and pass its result to the checkpoint",
    ],
  ];

  test.each(inside)("fails with what to do instead: %s inside a checkpoint", async (_, call, message) => {
    const outer = checkpoint("outer", async () => call());
    const nested = flow("nested", () => outer());
    const t = engines.open([nested]);
    t.work();
    const { id } = await t.start(nested);
    expect(await t.ended(id)).toMatchObject({
      failure: { code: "checkpoint_failed", message: expect.stringContaining(message) },
    });
  });

  test.each<[string, () => unknown]>([
    ["a checkpoint", () => inner()],
    ["wait", () => wait({ name: "w" })],
    ["sleep", () => sleep(1)],
    ["log", () => log({ a: 1 })],
    ["now", () => now()],
    ["executionId", () => executionId()],
  ])("fails with what to do instead: %s outside an execution", (_, call) => {
    expect(call).toThrow(/was called outside an execution: call it from a flow that was started with \.run\(\)/);
  });

  test("fails with what to do instead: a flow that is called like a function", () => {
    expect(other as unknown as () => void).toThrow("flow other was called like a function: use other.run(input)");
  });

  test.each(["", "1st", "a b", "a#1", "a/b", "x".repeat(121)])("refuses the name %j", (name) => {
    expect(() => checkpoint(name, async () => 1)).toThrow(MisuseError);
    expect(() => flow(name, () => 1)).toThrow(MisuseError);
  });
});
