import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { checkpoint, checkpointContext, executionId, flow, log, now, random, save, load, sleep, uuid, wait, CheckpointFailed } from "../../src/index.ts";
import { openTestEngine, temporaryFolder, type TestEngine } from "../helpers/engine.ts";

let folder: ReturnType<typeof temporaryFolder>;
let open: TestEngine[] = [];
beforeEach(() => { folder = temporaryFolder(); open = []; });
afterEach(async () => { for (const one of open) await one.close(); folder.remove(); });
function start(...flows: Parameters<typeof openTestEngine>[1][]) {
  const t = openTestEngine(folder.path, flows.flat());
  open.push(t);
  return t;
}

describe("a flow", () => {
  test("runs its checkpoints once and completes with its result", async () => {
    let runs = 0;
    const double = checkpoint("double", async (n: number) => { runs++; return n * 2; });
    const f = flow("f", async ({ n }: { n: number }) => (await double(n)) + (await double(n + 1)));
    const t = start([f]);
    t.engine.startWorker({ concurrency: 4 });
    const { id } = await t.start(f, { n: 3 });
    expect(await t.result(id)).toBe(14);
    expect(runs).toBe(2);
    expect(t.events(id)).toEqual(["execution_created", "execution_started", "checkpoint_completed", "checkpoint_completed", "execution_completed"]);
  });

  test("waits without a body in memory and goes on with the answer", async () => {
    let runs = 0;
    let bodies = 0;
    const draft = checkpoint("draft", async (topic: string) => { runs++; return `Draft for ${topic}`; });
    const f = flow("review", async ({ topic }: { topic: string }) => {
      bodies++;
      const text = await draft(topic);
      const ok = await wait({ name: "approve", question: "Publish?", schema: z.boolean() });
      return ok ? text : "Rejected";
    });
    const t = start([f]);
    t.engine.startWorker({ concurrency: 4 });
    const { id } = await t.start(f, { topic: "tea" });
    const waiting = await t.waiting(id);
    expect(waiting.status).toBe("waiting");
    await t.engine.answer(id, { value: true });
    expect(await t.result(id)).toBe("Draft for tea");
    expect(runs).toBe(1);
    expect(bodies).toBe(2);
  });

  test("retries a failing checkpoint and surfaces its last failure", async () => {
    let attempts = 0;
    const flaky = checkpoint("flaky", async () => { attempts++; throw new Error(`no ${attempts}`); }, { retries: { max: 2, backoff: 10 } });
    const f = flow("f", async () => { try { await flaky(); } catch (e) { return e instanceof CheckpointFailed ? e.message : "?"; } return 1; });
    const t = start([f]);
    t.engine.startWorker({ concurrency: 4 });
    const { id } = await t.start(f);
    expect(await t.result(id)).toContain("no 3");
  });

  test("sleeps, records values, saves and loads", async () => {
    const f = flow("f", async () => {
      const a = [now(), random(), uuid()];
      log({ a: { x: 1 } }); log({ a: { y: 2 } });
      await sleep(1500);
      await save("report", { a });
      await wait({ name: "go" });
      const b = await load(executionId(), "report");
      return { a, b };
    });
    const t = start([f]);
    t.engine.startWorker({ concurrency: 4 });
    const { id } = await t.start(f);
    await t.waiting(id); 
    await t.engine.watch(id, () => t.store.journal.pendingWaits(1).length > 0, { timeoutMs: 5000 });
    await t.engine.answer(id, { value: null });
    const r = (await t.result(id)) as { a: unknown; b: { a: unknown } };
    expect(r.b.a).toEqual(r.a);
    expect(t.store.executions.byId(id)?.metadata).toEqual({ a: { x: 1, y: 2 } });
  });

  test("replays from a checkpoint with an override", async () => {
    const ran: string[] = [];
    const step = (name: string) => checkpoint(name, async (x: string) => { ran.push(name); return `${x}${name}`; });
    const [a, b, c] = [step("a"), step("b"), step("c")] as const;
    const f = flow("f", async () => c(await b(await a("."))));
    const t = start([f]);
    t.engine.startWorker({ concurrency: 4 });
    const { id } = await t.start(f);
    expect(await t.result(id)).toBe(".abc");
    ran.length = 0;
    const version = { hash: "test", checkpoints: [] };
    const one = await t.engine.replay(id, { from: "c", overrides: { "checkpoint.a": "!" }, version, timeoutMs: null });
    expect(await t.result(one.execution?.id ?? "")).toBe("!bc");
    expect(ran).toEqual(["b", "c"]);
    ran.length = 0;
    const two = await t.engine.replay(id, { from: "c", version, timeoutMs: null });
    expect(await t.result(two.execution?.id ?? "")).toBe(".abc");
    expect(ran).toEqual(["c"]);
  });

  test("is cancelled in the middle of a checkpoint", async () => {
    let aborted = false;
    const slow = checkpoint("slow", () => new Promise((resolve) => { checkpointContext().signal.addEventListener("abort", () => { aborted = true; resolve(1); }); }));
    const f = flow("f", async () => slow());
    const t = start([f]);
    t.engine.startWorker({ concurrency: 4 });
    const { id } = await t.start(f);
    await t.engine.watch(id, ({ status }) => status === "running", { timeoutMs: 3000 });
    await new Promise((r) => setTimeout(r, 30));
    await t.engine.cancel(id);
    expect((await t.ended(id)).status).toBe("cancelled");
    await new Promise((r) => setTimeout(r, 30));
    expect(aborted).toBe(true);
  });

  test("is retried after a failure and keeps what completed", async () => {
    let first = 0; let second = 0;
    const a = checkpoint("a", async () => ++first);
    const b = checkpoint("b", async () => { if (++second === 1) throw new Error("boom"); return second; });
    const f = flow("f", async () => [await a(), await b()]);
    const t = start([f]);
    t.engine.startWorker({ concurrency: 4 });
    const { id } = await t.start(f);
    expect((await t.ended(id)).status).toBe("failed");
    await t.engine.retry(id);
    expect(await t.result(id)).toEqual([1, 2]);
  });
});
