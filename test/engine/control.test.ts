import { describe, expect, test } from "vitest";
import { checkpoint, checkpointContext, flow, load, sleep, wait } from "../../src/index.ts";
import { createClock } from "../../src/testing/clock.ts";
import { delay, until, useEngines } from "../helpers/engine.ts";

const engines = useEngines();

/** A flow of three checkpoints, each of which runs until it is let go. */
function stepwise() {
  const ran: string[] = [];
  const gates = new Map<string, PromiseWithResolvers<string>>();
  const step = checkpoint("step", (name: string) => {
    ran.push(name);
    const gate = Promise.withResolvers<string>();
    gates.set(name, gate);
    return gate.promise;
  });
  const steps = flow("steps", async () => [await step("a"), await step("b"), await step("c")]);
  const release = async (name: string) => {
    await until(() => gates.has(name), `step ${name}`);
    gates.get(name)?.resolve(name);
  };
  return { steps, ran, release };
}

describe("run", () => {
  test("with a known key answers the first one's execution, and with another input is a conflict", async () => {
    const quick = flow("quick", (n: number) => n);
    const t = engines.open([quick]);
    const other = engines.open([quick]);
    const [one, two] = await Promise.all([
      t.start(quick, 1, { idempotencyKey: "k" }),
      other.start(quick, 1, { idempotencyKey: "k" }),
    ]);
    expect(one.id).toBe(two.id);
    await expect(t.start(quick, 2, { idempotencyKey: "k" })).rejects.toMatchObject({
      code: "conflict",
      details: { execution_id: one.id },
    });
  });
});

describe("pause", () => {
  test("takes effect at the next checkpoint, and resume lets it go on where it was", async () => {
    const { steps, ran, release } = stepwise();
    const t = engines.open([steps]);
    t.work();
    const { id } = await t.start(steps);
    await release("a");
    await until(() => ran.includes("b"));
    await t.engine.pause(id);
    expect(t.get(id)).toMatchObject({ status: "running", pauseRequested: true });
    // Long enough for all timers of the activation to have run out.
    await delay(150);
    await release("b");
    await until(() => t.get(id).status === "paused");
    expect(ran).toEqual(["a", "b"]);
    await t.engine.resume(id);
    await release("c");
    expect(await t.result(id)).toEqual(["a", "b", "c"]);
    expect(ran).toEqual(["a", "b", "c"]);
  });

  test("that is taken back before it takes effect changes nothing", async () => {
    const { steps, ran, release } = stepwise();
    const t = engines.open([steps]);
    t.work();
    const { id } = await t.start(steps);
    await until(() => ran.includes("a"));
    await t.engine.pause(id);
    await delay(30);
    await release("a");
    await delay(10);
    await t.engine.resume(id);
    await release("b");
    await release("c");
    expect(await t.result(id)).toEqual(["a", "b", "c"]);
    expect(t.events(id)).not.toContain("execution_paused");
  });

  test("holds what waits at once; its answer is kept and its deadline is served at the resume", async () => {
    const clock = createClock();
    const asks = flow("asks", async () => [
      await wait({ name: "one" }),
      await wait({ name: "two", timeout: "1h", onTimeout: { value: "late" } }),
    ]);
    const t = engines.open([asks], { clock });
    t.work();
    const { id } = await t.start(asks);
    await t.waiting(id);
    await t.engine.pause(id);
    expect(t.get(id).status).toBe("paused");
    await t.engine.answer(id, { value: "kept" });
    await delay(60);
    expect(t.get(id).status).toBe("paused");
    await t.engine.resume(id);
    await t.asked(id, "two");
    await t.waiting(id);
    await t.engine.pause(id);
    clock.move(3_600_000);
    await delay(60);
    expect(t.get(id).status).toBe("paused");
    await t.engine.resume(id);
    expect(await t.result(id)).toEqual(["kept", "late"]);
  });

  test("holds what is queued", async () => {
    const quick = flow("quick", () => 1);
    const t = engines.open([quick]);
    const { id } = await t.start(quick);
    await t.engine.pause(id);
    t.work();
    await delay(60);
    expect(t.get(id).status).toBe("paused");
    await t.engine.resume(id);
    expect(await t.result(id)).toBe(1);
  });
});

describe("cancel", () => {
  test("fires the signals, records nothing that is still returned, and is idempotent", async () => {
    const clock = createClock();
    const gate = Promise.withResolvers<string>();
    let reason: unknown;
    const slow = checkpoint("slow", async () => {
      const { signal } = checkpointContext();
      signal.addEventListener("abort", () => {
        reason = signal.reason;
      });
      return gate.promise;
    });
    let wentOn = false;
    const working = flow("working", async () => {
      await slow();
      wentOn = true;
    });
    const t = engines.open([working], { clock });
    t.work();
    const { id } = await t.start(working);
    await until(() => t.entries(id).length === 1);
    await t.engine.cancel(id);
    await until(() => reason !== undefined);
    const before = [t.events(id), t.entries(id), t.get(id)];
    gate.resolve("too late");
    await delay(60);
    await t.engine.cancel(id);
    expect([t.events(id), t.entries(id), t.get(id)]).toEqual(before);
    expect(t.entry(id, "slow").status).toBe("cancelled");
    expect(wentOn).toBe(false);
  });

  test("ends what waits, and its wait is aborted", async () => {
    const asks = flow("asks", () => wait({ name: "approve" }));
    const t = engines.open([asks]);
    t.work();
    const { id } = await t.start(asks);
    await t.waiting(id);
    expect(await t.engine.cancel(id)).toMatchObject({ status: "cancelled" });
    expect(t.entry(id, "approve").status).toBe("aborted");
    await expect(t.engine.answer(id, { value: 1 })).rejects.toMatchObject({ code: "invalid_state" });
  });
});

describe("an operation in the wrong state", () => {
  test("names the state and the operation that would help", async () => {
    const quick = flow("quick", () => 1);
    const asks = flow("asks", () => wait({ name: "approve" }));
    const t = engines.open([quick, asks]);
    t.work();
    const completed = await t.start(quick);
    await t.result(completed.id);
    const waiting = await t.start(asks);
    await t.waiting(waiting.id);
    const paused = await t.start(asks);
    await t.waiting(paused.id);
    await t.engine.pause(paused.id);
    const refused = async (operation: Promise<unknown>, status: string, hint: string) => {
      await expect(operation).rejects.toMatchObject({
        code: "invalid_state",
        details: { status },
        hint: expect.stringContaining(hint),
      });
    };
    await refused(t.engine.cancel(completed.id), "completed", "nothing is left");
    await refused(t.engine.pause(completed.id), "completed", "executions_replay");
    await refused(t.engine.pause(paused.id), "paused", "executions_resume");
    await refused(t.engine.resume(completed.id), "completed", "executions_replay");
    await refused(t.engine.resume(waiting.id), "waiting", "executions_input");
    await refused(t.engine.retry(completed.id), "completed", "executions_replay");
    await refused(t.engine.retry(waiting.id), "waiting", "executions_get");
    await expect(t.engine.cancel("nothing like this")).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("retry", () => {
  test("tries again what failed the execution, and takes completed work and caught failures as history", async () => {
    const runs: Record<string, number> = {};
    const step = (name: string, fails: (times: number) => boolean) =>
      checkpoint(name, async () => {
        const times = (runs[name] ?? 0) + 1;
        runs[name] = times;
        if (fails(times)) throw new Error(`${name} ${times}`);
        return `${name} ${times}`;
      });
    const good = step("good", () => false);
    const caught = step("caught", () => true);
    const bad = step("bad", (times) => times === 1);
    const later = step("later", () => false);
    const working = flow("working", async () => {
      const results = [await good(), await caught().catch((error: Error) => error.message)];
      try {
        results.push(await bad());
      } catch (error) {
        await later();
        throw new Error("wrapped", { cause: error });
      }
      return [...results, await later()];
    });
    const t = engines.open([working]);
    t.work();
    const { id } = await t.start(working);
    expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { message: "wrapped" } });
    await t.engine.retry(id);
    expect(await t.result(id)).toEqual(["good 1", "checkpoint caught failed: caught 1", "bad 2", "later 1"]);
    expect(runs).toEqual({ good: 1, caught: 1, bad: 2, later: 1 });
    expect(t.get(id).attempt).toBe(2);
  });

  test("finds failures in AggregateError and those that nobody had seen", async () => {
    const runs: Record<string, number> = {};
    const flaky = checkpoint("flaky", async (name: string) => {
      runs[name] = (runs[name] ?? 0) + 1;
      if (runs[name] === 1) throw new Error(name);
      return name;
    });
    const working = flow("working", async () => {
      const any = Promise.any([flaky("a"), flaky("b")]);
      const unseen = flaky("unseen");
      return [await any, await unseen];
    });
    const t = engines.open([working]);
    t.work();
    const { id } = await t.start(working);
    expect((await t.ended(id)).status).toBe("failed");
    await t.engine.retry(id);
    expect(await t.result(id)).toEqual([expect.stringMatching(/^[ab]$/), "unseen"]);
    expect(runs).toEqual({ unseen: 2, a: 2, b: 2 });
  });

  test("opens waits again with a new deadline, and those that the ending closed", async () => {
    const clock = createClock();
    const asks = flow("asks", () =>
      Promise.all([wait({ name: "soon", timeout: "1h" }), wait({ name: "later", timeout: "5h" })]),
    );
    const t = engines.open([asks], { clock });
    t.work();
    const { id } = await t.start(asks);
    await t.waiting(id);
    clock.move(3_600_000);
    expect((await t.ended(id)).status).toBe("failed");
    expect(t.entry(id, "later").status).toBe("aborted");
    clock.move(7_200_000);
    await t.engine.retry(id);
    await t.waiting(id);
    expect(t.entry(id, "soon")).toMatchObject({
      status: "pending",
      startedAt: clock.now(),
      dueAt: clock.now() + 3_600_000,
    });
    expect(t.events(id).slice(t.events(id).indexOf("execution_retried")).slice(0, 3)).toEqual([
      "execution_retried",
      "wait_opened",
      "wait_opened",
    ]);
    expect(t.entry(id, "later")).toMatchObject({ status: "pending", dueAt: clock.now() + 5 * 3_600_000 });
    await t.engine.answer(id, { wait: "soon", value: 1 });
    await t.engine.answer(id, { wait: "later", value: 2 });
    expect(await t.result(id)).toEqual([1, 2]);
  });

  test("reads an artifact again that was not there", async () => {
    const source = flow("source", () => wait({ name: "hold" }));
    const reading = flow("reading", (id: string) => load(id, "report"));
    const t = engines.open([source, reading]);
    const { id: sourceId } = await t.start(source);
    t.work();
    const { id } = await t.start(reading, sourceId);
    expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { code: "not_found" } });
    t.store.write(() =>
      t.store.artifacts.insert({
        id: "artifact",
        executionSeq: t.get(sourceId).seq,
        name: "report",
        kind: "output",
        ordinal: null,
        contentType: "text/plain",
        bytes: 1,
        sha256: "",
        tags: [],
        value: '"there"',
        createdAt: 1,
      }),
    );
    await t.engine.retry(id);
    expect(await t.result(id)).toBe("there");
  });

  test("is refused for an error of the flow's own code, even when something else was running", async () => {
    const never = checkpoint("never", () => new Promise(() => {}));
    const quick = checkpoint("quick", async () => 1);
    const broken = flow("broken", async () => {
      void never();
      await quick();
      throw new Error("plain");
    });
    const t = engines.open([broken]);
    t.work();
    const { id } = await t.start(broken);
    expect((await t.ended(id)).status).toBe("failed");
    await expect(t.engine.retry(id)).rejects.toMatchObject({
      code: "invalid_state",
      details: { status: "failed" },
      hint: expect.stringContaining("executions_replay"),
    });
  });

  test("happens by itself as often as the flow's option says", async () => {
    const clock = createClock();
    let runs = 0;
    const flaky = checkpoint("flaky", async () => {
      if (++runs < 3) throw new Error(`failure ${runs}`);
      return runs;
    });
    const stubborn = flow("stubborn", () => flaky(), { retries: 2 });
    const hopeless = flow("hopeless", () => flaky(), { retries: 1 });
    const t = engines.open([stubborn, hopeless], { clock });
    t.work();
    const finish = async (id: string) => {
      await until(() => {
        clock.move(1_000);
        return ["completed", "failed"].includes(t.get(id).status);
      });
      return t.get(id);
    };
    const one = await t.start(stubborn);
    expect(await finish(one.id)).toMatchObject({ status: "completed", attempt: 3 });
    runs = 0;
    const two = await t.start(hopeless);
    expect(await finish(two.id)).toMatchObject({
      status: "failed",
      attempt: 2,
      failure: { message: expect.stringContaining("failure 2") },
    });
    expect(t.events(two.id).filter((type) => type === "execution_retried")).toHaveLength(1);
  });

  test("goes on sleeping where the ending cut a sleep short", async () => {
    const clock = createClock();
    let runs = 0;
    const flaky = checkpoint("flaky", async () => {
      if (++runs === 1) throw new Error("once");
      return runs;
    });
    const working = flow("working", async () => (await Promise.all([sleep("2h"), flaky()]))[1]);
    const t = engines.open([working], { clock });
    t.work();
    const startedAt = clock.now();
    const { id } = await t.start(working);
    expect((await t.ended(id)).status).toBe("failed");
    await t.engine.retry(id);
    expect(await t.waiting(id)).toMatchObject({ wakeAt: startedAt + 7_200_000 });
    clock.move(7_200_000);
    expect(await t.result(id)).toBe(2);
  });
});
