import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { checkpoint, flow, sleep, WaitAborted, WaitExpired, wait } from "../../src/index.ts";
import { createClock } from "../../src/testing/clock.ts";
import { delay, until, useEngines } from "../helpers/engine.ts";

const engines = useEngines();

describe("suspension", () => {
  test("loses no answer, whenever it comes", async () => {
    const asking = flow("asking", async () => {
      const first = await wait({ name: "first", schema: z.number() });
      const second = await wait({ name: "second", schema: z.number() });
      return first + second;
    });
    const t = engines.open([asking]);
    const other = engines.open([]);
    t.work({ concurrency: 100 });
    let suspended = 0;
    const runOne = async (index: number) => {
      const { id } = await t.start(asking);
      for (const name of ["first", "second"]) {
        await t.asked(id, name);
        // Around the moment at which the body counts as quiet.
        await delay(Math.random() * 80);
        await (index % 2 === 0 ? t : other).engine.answer(id, { wait: name, value: index });
      }
      expect(await t.result(id)).toBe(index * 2);
      suspended += t.events(id).filter((type) => type === "execution_suspended").length;
    };
    const rounds = Array.from({ length: 20 }, async (_, lane) => {
      for (let round = 0; round < 15; round++) await runOne(lane * 15 + round);
    });
    await Promise.all(rounds);
    // Some were answered before, some after: else this has tested nothing.
    expect(suspended).toBeGreaterThan(50);
    expect(suspended).toBeLessThan(550);
  });

  test("never comes in the batch in which the body ends: it ends once", async () => {
    const ending = flow("ending", async (ms: number) => {
      void sleep("10d");
      // Invisible to the engine, so that the body counts as quiet and may be about to be suspended.
      await delay(ms);
      return "ended";
    });
    const t = engines.open([ending]);
    t.work({ concurrency: 1_000 });
    const runs = Array.from({ length: 600 }, async (_, index) => {
      const { id } = await t.start(ending, 46 + (index % 60) ** 2 / 4);
      await until(() => t.get(id).status === "completed" || t.events(id).includes("execution_suspended"));
      await delay(20);
      return t.events(id).filter((type) => type === "execution_completed" || type === "execution_suspended");
    });
    const ends = await Promise.all(runs);
    expect(ends.filter((events) => events.length !== 1)).toEqual([]);
    expect(ends.flat()).toContain("execution_suspended");
    expect(ends.flat()).toContain("execution_completed");
  });

  test("parks a body for good: what it still awaits elsewhere leads nowhere", async () => {
    const seen: string[] = [];
    const step = checkpoint("step", async () => seen.push("step"));
    const parked = flow("parked", async () => {
      void delay(150).then(() => {
        seen.push("foreign await");
        return step();
      });
      await wait({ name: "hold" });
      seen.push("answered");
    });
    const t = engines.open([parked]);
    t.work();
    const { id } = await t.start(parked);
    await t.waiting(id);
    await until(() => seen.length === 1);
    await delay(30);
    expect(seen).toEqual(["foreign await"]);
    expect(t.get(id).status).toBe("waiting");
    expect(t.entries(id).map(({ name }) => name)).toEqual(["hold"]);
    await t.engine.answer(id, { value: null });
    await t.ended(id);
    expect(seen).toEqual(["foreign await", "answered"]);
  });

  test("gives the body's memory back", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const bodies: WeakRef<object>[] = [];
    const heavy = flow("heavy", async () => {
      const held = { bytes: new Uint8Array(1_000_000) };
      bodies.push(new WeakRef(held));
      await wait({ name: "hold" });
      return held.bytes.length;
    });
    const t = engines.open([heavy]);
    t.work({ concurrency: 50 });
    const started = await Promise.all(Array.from({ length: 20 }, () => t.start(heavy)));
    for (const { id } of started) await t.waiting(id);
    let left = 20;
    for (let i = 0; i < 20 && left > 0; i++) {
      await delay(10);
      collect();
      left = bodies.filter((body) => body.deref() !== undefined).length;
    }
    expect(bodies).toHaveLength(20);
    expect(left).toBe(0);
  });

  test("keeps the instant of the next thing that is due by itself", async () => {
    const clock = createClock();
    const timed = flow("timed", async () => {
      await Promise.race([
        wait({ name: "late", timeout: "2h" }),
        wait({ name: "soon", timeout: "1h", onTimeout: { value: "default" } }),
        sleep("3h"),
      ]);
    });
    const t = engines.open([timed], { clock });
    t.work();
    const startedAt = clock.now();
    const { id } = await t.start(timed, undefined, { timeoutMs: 4 * 3_600_000 });
    expect(await t.waiting(id)).toMatchObject({ status: "waiting", wakeAt: startedAt + 3_600_000 });
    clock.move(3_600_000);
    expect((await t.ended(id)).status).toBe("completed");
    expect(t.entry(id, "soon").status).toBe("expired");
    expect(t.entry(id, "late").status).toBe("aborted");
  });

  test("does not happen for a sleep that is nearly over", async () => {
    let bodies = 0;
    const napping = flow("napping", async () => {
      bodies++;
      await sleep(200);
      await sleep(200);
    });
    const t = engines.open([napping]);
    t.work();
    const { id } = await t.start(napping);
    await t.result(id);
    expect(bodies).toBe(1);
    expect(t.events(id)).not.toContain("execution_suspended");
  });

  test("waits for a refinement of the author's that takes its time", async () => {
    const slow = z.number().refine(async (value) => {
      await delay(120);
      return value > 1;
    });
    const checking = flow("checking", async () => wait({ name: "number", schema: slow }));
    const t = engines.open([checking]);
    t.work();
    const { id } = await t.start(checking);
    await t.waiting(id);
    await t.engine.answer(id, { value: 1 });
    await until(() => t.events(id).includes("answer_refused"));
    await t.engine.answer(id, { value: 2 });
    expect(await t.result(id)).toBe(2);
    const early = await t.start(checking);
    await t.engine.answer(early.id, { wait: "number", value: 3, early: true });
    expect(await t.result(early.id)).toBe(3);
  });

  test("comes for a body that is blocked on the pause before an attempt, and the pause is kept", async () => {
    const clock = createClock();
    let attempts = 0;
    const flaky = checkpoint(
      "flaky",
      async () => {
        if (++attempts < 3) throw new Error("not yet");
        return attempts;
      },
      { retries: { max: 5, backoff: "1m", maxDelay: "10m" } },
    );
    const trying = flow("trying", () => flaky());
    const t = engines.open([trying], { clock });
    t.work();
    const { id } = await t.start(trying);
    expect(await t.waiting(id)).toMatchObject({ wakeAt: clock.now() + 60_000 });
    clock.move(59_999);
    await delay(80);
    expect(attempts).toBe(1);
    clock.move(1);
    await until(() => attempts === 2);
    await t.waiting(id);
    clock.move(120_000);
    expect(await t.result(id)).toBe(3);
    expect(t.events(id)).not.toContain("checkpoint_restarted");
  });
});

describe("a wait's deadline", () => {
  const asking = (onTimeout: "fail" | { value: unknown }) =>
    flow("asking", async () => {
      try {
        return await wait({ name: "approve", timeout: "1h", onTimeout });
      } catch (error) {
        if (error instanceof WaitExpired) return `expired: ${error.wait}`;
        throw error;
      }
    });

  test.each([
    ["fails the wait", "fail" as const, "expired: approve"],
    ["answers with its default", { value: { ok: false } }, { ok: false }],
  ])("%s", async (_, onTimeout, expected) => {
    const clock = createClock();
    const asks = asking(onTimeout);
    const t = engines.open([asks], { clock });
    t.work();
    const { id } = await t.start(asks);
    await t.waiting(id);
    clock.move(3_600_000);
    expect(await t.result(id)).toEqual(expected);
  });

  test("is met by an answer that came just before it", async () => {
    const clock = createClock();
    const asks = asking("fail");
    const t = engines.open([asks], { clock });
    t.work();
    const { id } = await t.start(asks);
    await t.waiting(id);
    clock.move(3_599_999);
    const answering = t.engine.answer(id, { value: "just in time" });
    await answering;
    clock.move(1);
    expect(await t.result(id)).toBe("just in time");
  });

  test("refuses an answer from the instant on", async () => {
    const clock = createClock();
    const asks = asking("fail");
    const t = engines.open([asks], { clock });
    t.work();
    const { id } = await t.start(asks);
    await t.waiting(id);
    await t.crash();
    clock.move(3_600_000);
    const after = engines.open([asks], { clock });
    await expect(after.engine.answer(id, { value: 1 })).rejects.toMatchObject({ code: "invalid_state" });
    after.work();
    expect(await after.result(id)).toBe("expired: approve");
  });

  test("that nobody caught fails the execution", async () => {
    const clock = createClock();
    const asks = flow("asks", () => wait({ name: "approve", timeout: "1h" }));
    const t = engines.open([asks], { clock });
    t.work();
    const { id } = await t.start(asks);
    await t.waiting(id);
    clock.move(3_600_000);
    expect(await t.ended(id)).toMatchObject({
      status: "failed",
      failure: { code: "wait_expired", origin: "wait", checkpoint: "approve" },
    });
  });
});

describe("an execution's time limit", () => {
  test("ends it while it waits", async () => {
    const clock = createClock();
    const asks = flow("asks", () => wait({ name: "approve" }));
    const t = engines.open([asks], { clock });
    t.work();
    const { id } = await t.start(asks, undefined, { timeoutMs: 60_000 });
    await t.waiting(id);
    clock.move(60_000);
    expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { code: "timeout", origin: "timeout" } });
    expect(t.entry(id, "approve").status).toBe("aborted");
  });

  test("ends it while a checkpoint runs, fires its signal, and lets a retry go on with the time counted anew", async () => {
    const clock = createClock();
    let runs = 0;
    let aborted = 0;
    const slow = checkpoint("slow", () => {
      runs++;
      return runs === 3 ? Promise.resolve("done") : new Promise<string>(() => {});
    });
    const signalled = checkpoint("signalled", async () => {
      const { checkpointContext } = await import("../../src/index.ts");
      checkpointContext().signal.addEventListener("abort", () => aborted++);
      await new Promise(() => {});
    });
    const working = flow("working", () => Promise.race([slow(), signalled()]));
    const t = engines.open([working], { clock });
    t.work({ leaseMs: 10_000_000 });
    const { id } = await t.start(working, undefined, { timeoutMs: 60_000 });
    for (const times of [1, 2]) {
      await until(() => runs === times && t.get(id).status === "running");
      await delay(20);
      clock.move(60_000);
      expect(await t.ended(id)).toMatchObject({ failure: { code: "timeout" } });
      await until(() => aborted === times);
      await t.engine.retry(id);
      expect(t.get(id)).toMatchObject({ deadlineAt: clock.now() + 60_000 });
    }
    expect(await t.result(id)).toBe("done");
  });

  test("that is far beyond what a date can hold does not matter", async () => {
    const quick = flow("quick", async () => {
      await Promise.race([
        sleep(Number.MAX_SAFE_INTEGER),
        sleep(new Date(8.64e15)),
        sleep(1),
        wait({ name: "w", timeout: 1e15 }),
      ]);
      return "done";
    });
    const t = engines.open([quick]);
    t.work();
    const { id } = await t.start(quick, undefined, { timeoutMs: Number.MAX_SAFE_INTEGER });
    expect(await t.result(id)).toBe("done");
  });
});

test("an aborted wait raises WaitAborted in the body", async () => {
  const asks = flow("asks", async () => {
    try {
      return await wait({ name: "approve" });
    } catch (error) {
      return error instanceof WaitAborted ? error.message : error;
    }
  });
  const t = engines.open([asks]);
  t.work();
  const { id } = await t.start(asks);
  await t.waiting(id);
  await t.engine.abortWait(id, { wait: undefined, reason: "too late" });
  expect(await t.result(id)).toBe("wait approve was aborted: too late");
});
