import { expect, test } from "vitest";
import { checkpoint, checkpointContext, continueAsNew, flow, wait } from "../../src/index.ts";
import { until, useEngines } from "../helpers/engine.ts";

const engines = useEngines();

test("a flow that goes on as new keeps its id and begins with the new input and an empty journal", async () => {
  const keys = new Set<string>();
  const step = checkpoint("step", async (n: number) => {
    keys.add(checkpointContext().idempotencyKey);
    return n;
  });
  const looping = flow("looping", async ({ left, sum }: { left: number; sum: number }): Promise<number> => {
    for (let i = 0; i < 3; i++) await step(i);
    return left === 0 ? sum : continueAsNew({ left: left - 1, sum: sum + 3 });
  });
  const t = engines.open([looping]);
  t.work();
  const { id } = await t.start(looping, { left: 4, sum: 0 });
  expect(await t.result(id)).toBe(12);
  expect(t.entries(id)).toHaveLength(3);
  expect(t.entries(id).map(({ ordinal }) => ordinal)).toEqual([13, 14, 15]);
  expect(t.get(id).continuation).toBe(4);
  expect(t.events(id).filter((type) => type === "execution_continued")).toHaveLength(4);
  // Outside services must take the calls of each run for other calls.
  expect(keys.size).toBe(15);
});

test("its waits are asked anew in each run", async () => {
  const looping = flow("looping", async (answers: unknown[]): Promise<unknown> => {
    const answer = await wait({ name: "next" });
    return answers.length === 2 ? [...answers, answer] : continueAsNew([...answers, answer]);
  });
  const t = engines.open([looping]);
  t.work();
  const { id } = await t.start(looping, []);
  for (const n of [1, 2, 3]) {
    await until(() => t.get(id).continuation === n - 1 && t.get(id).status === "waiting");
    await t.engine.answer(id, { value: n });
  }
  expect(await t.result(id)).toEqual([1, 2, 3]);
});

test("it awaits its children and what it submitted first, and a failure of theirs fails it", async () => {
  const ended: string[] = [];
  const child = flow("child", async (n: number) => {
    ended.push(`child ${n}`);
    return n;
  });
  const step = checkpoint("step", async (n: number) => {
    ended.push(`step ${n}`);
    if (n === 2) throw new Error("two");
  });
  const looping = flow("looping", async (n: number) => {
    await child.run(n);
    step.submit(n);
    return continueAsNew(n + 1);
  });
  const t = engines.open([looping, child]);
  t.work();
  const { id } = await t.start(looping, 1);
  expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { checkpoint: "step" } });
  expect(ended.sort()).toEqual(["child 1", "child 2", "step 1", "step 2"]);
});

test("an early answer is kept over to the run that asks", async () => {
  const looping = flow("looping", async (n: number): Promise<unknown> => {
    return n < 3 ? continueAsNew(n + 1) : wait({ name: "later" });
  });
  const t = engines.open([looping]);
  const { id } = await t.start(looping, 1);
  await t.engine.answer(id, { wait: "later", value: "kept", early: true });
  t.work();
  expect(await t.result(id)).toBe("kept");
});

test("an input that cannot be kept is refused where the flow can see it", async () => {
  const looping = flow("looping", async () => continueAsNew(() => 1).catch((error: Error) => error.message));
  const t = engines.open([looping]);
  t.work();
  expect(await t.run(looping)).toContain("continueAsNew(): input");
});

test("a journal of ten thousand entries is warned of once", async () => {
  const step = checkpoint("step", async (n: number) => n);
  const long = flow("long", async () => {
    for (let i = 0; i < 101; i++) await Promise.all(Array.from({ length: 100 }, (_, n) => step(n)));
  });
  const t = engines.open([long]);
  t.work();
  const { id } = await t.start(long);
  await t.result(id);
  expect(t.events(id).filter((type) => type === "journal_long")).toHaveLength(1);
  expect(t.logs(id)).toEqual([expect.stringContaining("continueAsNew(input)")]);
});
