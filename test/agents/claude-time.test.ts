import { describe, expect, test } from "vitest";
import { delay, isRunning, until, useAgents } from "../helpers/agents/agents.ts";

const agents = useAgents();
const longestDeathMs = 2_500;

describe("an agent that hangs", () => {
  test("is gone within two seconds of its deadline, with the grandchild that holds its output open", async () => {
    const { start, claude, t, end } = agents.open([{ hangs: true, hasGrandchild: true }]);
    const id = await start("go", { timeout: "2s" });
    await until(() => typeof claude.calls()[0]?.grandchild === "number", "the grandchild");
    const pids = claude.calls().flatMap(({ pid, grandchild }) => [pid, grandchild ?? pid]);
    expect(pids.every(isRunning)).toBe(true);
    await t.ended(id);
    const ended = performance.now();
    await until(() => !pids.some(isRunning), "the end of its processes");
    expect(performance.now() - ended).toBeLessThan(longestDeathMs);
    await until(() => end(id).calls[0]?.status === "failed", "its record");
    expect(end(id)).toMatchObject({ status: "failed", failure: { code: "timeout" } });
  });

  test("is gone when its execution is cancelled", async () => {
    const { start, claude, t } = agents.open([{ hangs: true, hasGrandchild: true }]);
    const id = await start("go");
    await until(() => typeof claude.calls()[0]?.grandchild === "number", "the grandchild");
    const pids = claude.calls().flatMap(({ pid, grandchild }) => [pid, grandchild ?? pid]);
    await t.engine.cancel(id);
    await until(() => !pids.some(isRunning), "the end of its processes");
    expect((await t.ended(id)).status).toBe("cancelled");
    await until(() => t.store.reader().prepare("SELECT 1 FROM process_groups").all().length === 0, "its record");
  });

  test("is gone before the next attempt begins", async () => {
    const { start, claude, t } = agents.open([{ hangs: true }, { turns: [{ text: "quick" }] }]);
    const id = await start("go", { timeout: "4s", retries: { max: 1, backoff: 1 } });
    expect(await t.result(id)).toMatchObject({ text: "quick" });
    const [first] = claude.calls();
    expect(first && isRunning(first.pid)).toBe(false);
  });
});

test("an agent that has ended is not waited for because of what it left behind", async () => {
  const { run, claude } = agents.open([{ hasGrandchild: true, turns: [{ text: "done" }] }]);
  const started = performance.now();
  expect((await run("go")).result).toMatchObject({ text: "done" });
  expect(performance.now() - started).toBeLessThan(5_000);
  await delay(10);
  expect(isRunning(claude.calls()[0]?.grandchild ?? process.pid)).toBe(false);
});
