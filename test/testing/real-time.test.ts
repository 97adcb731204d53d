import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { checkpoint } from "../../src/flows/checkpoint.ts";
import { flow } from "../../src/flows/flow.ts";
import { sleep } from "../../src/flows/sleep.ts";
import { wait } from "../../src/flows/wait.ts";
import { openTestEngine } from "../../src/testing/testing.ts";

const slow = checkpoint("slow", async (ms: number) => pause(ms, "done"), { timeout: "1m" });

test("time stands still while a checkpoint is at work, for as long as the test is patient", async () => {
  const working = flow("working", async (ms: number) => slow(ms).catch((error) => error.message));
  await using patient = openTestEngine({ flows: [working], patience: "5s" });
  const done = await patient.run(working, 400);
  await patient.advance("1h");
  expect(await done.result()).toBe("done");
  await using hasty = openTestEngine({ flows: [working], patience: 20 });
  const late = await hasty.run(working, 400);
  await hasty.advance("1h");
  expect(await late.result()).toContain("60000 ms");
});

test("a result is awaited for longer than that, since nothing goes on without it", async () => {
  const working = flow("working", async () => slow(600));
  await using t = openTestEngine({ flows: [working] });
  expect(await (await t.run(working)).result()).toBe("done");
});

test("ten hours of sleep take no time worth speaking of", async () => {
  const ticks = flow("ticks", async () => {
    for (let hour = 0; hour < 10; hour++) await sleep("1h");
    return "passed";
  });
  await using t = openTestEngine({ flows: [ticks] });
  const run = await t.run(ticks);
  const startedAt = performance.now();
  await t.advance("10h");
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(await run.result()).toBe("passed");
});

test("everything that a test does to a run is done once, where the process dies of it as well", async () => {
  for (const side of ["before", "after"] as const) {
    let isBroken = true;
    const work = checkpoint("work", async () => {
      if (isBroken) throw new Error("broken");
      return "mended";
    });
    const asking = flow("asking", async () => [await work(), await wait({ name: "a" }), await wait({ name: "b" })]);
    await using t = openTestEngine({ flows: [asking] });
    t.crashAt({ write: 1, side });
    const run = await t.run(asking);
    expect(await run.status()).toBe("failed");
    isBroken = false;
    t.crashAt({ write: 1, side });
    await run.retry();
    await run.waitFor("a");
    t.crashAt({ write: 1, side });
    await run.answer("yes");
    await run.waitFor("b");
    t.crashAt({ write: 1, side });
    await run.abort({ reason: "enough" });
    expect(await run.failure()).toMatchObject({ code: "wait_aborted", message: expect.stringContaining("enough") });
    t.crashAt({ write: 1, side });
    const other = await run.replay({ from: "work" });
    await other.waitFor("a");
    t.crashAt({ write: 1, side });
    await other.cancel();
    expect(await other.status()).toBe("cancelled");
    expect(t.crashes).toBe(6);
    expect((await run.events()).filter(({ type }) => type === "execution_retried")).toHaveLength(1);
  }
});

test("what the test prints stays on its console, which is as it was when the engine is closed", async () => {
  const original = console.log;
  const said: unknown[] = [];
  console.log = (...parts: unknown[]) => void said.push(...parts);
  try {
    const mine = console.log;
    const printing = flow("printing", async () => console.log("from the flow"));
    const [first, second] = [openTestEngine({ flows: [printing] }), openTestEngine({ flows: [printing] })];
    const run = await first.run(printing);
    expect(await run.logs()).toMatchObject([{ message: "from the flow", checkpoint: null }]);
    console.log("from the test");
    await first.close();
    await second.close();
    expect(said).toEqual(["from the test"]);
    expect(console.log).toBe(mine);
  } finally {
    console.log = original;
  }
});

test("a folder of the test's own is kept, and opened again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "savepoint-kept-"));
  try {
    const asking = flow("asking", async () => wait({ name: "go" }));
    const first = openTestEngine({ flows: [asking], folder });
    const { executionId } = await first.run(asking, undefined, { idempotencyKey: "one" });
    await first.close();
    expect(readdirSync(folder)).toContain(".savepoint");
    await using second = openTestEngine({ flows: [asking], folder });
    const again = await second.run(asking, undefined, { idempotencyKey: "one" });
    expect(again.executionId).toBe(executionId);
    await again.waitFor("go");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
