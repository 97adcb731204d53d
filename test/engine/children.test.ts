import { describe, expect, test } from "vitest";
import { checkpoint, ExecutionFailed, flow, MisuseError, sleep, wait } from "../../src/index.ts";
import { type AnyFlow, delay, type TestEngine, until, useEngines } from "../helpers/engine.ts";

const engines = useEngines();

const double = checkpoint("double", async (n: number) => n * 2);
const child = flow("child", async (n: number) => double(n));

function open(...flows: AnyFlow[]): TestEngine {
  const t = engines.open(flows);
  t.work();
  return t;
}

/** The executions that one has started, in that order. */
function childrenOf(t: TestEngine, id: string) {
  return t.store.families.descendants(t.get(id).seq, 100);
}

describe("run() of a flow inside another one", () => {
  test("starts a child, whose result the parent gets and has on its record", async () => {
    const parent = flow("parent", async (n: number) => {
      const handle = await child.run(n);
      return [handle.executionId.length, await handle.result(), await handle.status()];
    });
    const t = open(parent, child);
    const { id } = await t.start(parent, 21);
    expect(await t.result(id)).toEqual([36, 42, "completed"]);
    const [made] = childrenOf(t, id);
    expect(made).toMatchObject({ workflow: "child", status: "completed" });
    const whole = t.get(made?.id ?? "");
    expect(whole).toMatchObject({ trigger: "parent", depth: 1, version: "test", target: "test:child" });
    expect(t.entry(id, "child")).toMatchObject({ kind: "child", status: "completed", output: "42" });
    expect(t.events(id)).toContain("child_completed");
  });

  test("leaves nothing in memory while the parent waits for it, and starts no second one when it wakes", async () => {
    const slow = flow("slow", async () => wait({ name: "go" }));
    const parent = flow("parent", async () => {
      const handle = await slow.run(undefined);
      return [await double(1), await handle.result()];
    });
    const t = open(parent, slow);
    const { id } = await t.start(parent);
    await t.waiting(id);
    const [made] = childrenOf(t, id);
    await t.waiting(made?.id ?? "");
    await t.engine.answer(made?.id ?? "", { value: "gone" });
    expect(await t.result(id)).toEqual([2, "gone"]);
    expect(childrenOf(t, id)).toHaveLength(1);
    expect(t.get(id).epoch).toBe(2);
  });

  test("goes on while the parent does, and the parent ends after it", async () => {
    const order: string[] = [];
    const slow = flow("slow", async () => {
      await sleep(60);
      order.push("child");
    });
    const parent = flow("parent", async () => {
      await slow.run(undefined);
      order.push("parent");
      return "done";
    });
    const t = open(parent, slow);
    const { id } = await t.start(parent);
    expect(await t.result(id)).toBe("done");
    expect(order.slice(0, 2)).toEqual(["parent", "child"]);
    expect(childrenOf(t, id).map(({ status }) => status)).toEqual(["completed"]);
  });

  test("belongs to the parent from its call on, even where nobody awaits the handle", async () => {
    const slow = flow("slow", async () => sleep(80));
    const parent = flow("parent", async () => {
      void slow.run(undefined);
      return "done";
    });
    const t = open(parent, slow);
    const { id } = await t.start(parent);
    expect(await t.result(id)).toBe("done");
    expect(childrenOf(t, id).map(({ status }) => status)).toEqual(["completed"]);
  });

  test("is waited for as well where a branch that lost a race starts it while the parent waits for another", async () => {
    const slow = flow("slow", async (ms: number) => sleep(ms));
    const parent = flow("parent", async () => {
      const branch = async () => {
        await (await slow.run(20)).result();
        await slow.run(40);
      };
      return Promise.race([Promise.resolve("first"), branch()]);
    });
    const t = open(parent, slow);
    const { id } = await t.start(parent);
    expect(await t.result(id)).toBe("first");
    expect(childrenOf(t, id).map(({ status }) => status)).toEqual(["completed", "completed"]);
  });

  test("gives its handle at the same point of the body on each run of it", async () => {
    const parent = flow("parent", async () =>
      Promise.all([
        child.run(1).then(() => wait({ name: "w" })),
        (async () => {
          for (let i = 0; i < 20; i++) await Promise.resolve();
          return wait({ name: "w" });
        })(),
      ]),
    );
    const t = open(parent, child);
    const { id } = await t.start(parent);
    await t.waiting(id);
    for (const wait of ["w#1", "w#2"]) await t.engine.answer(id, { wait, value: wait });
    // The second call was the first to ask.
    expect(await t.result(id)).toEqual(["w#2", "w#1"]);
  });

  test("fails the parent where nobody takes its result, and rejects where somebody does", async () => {
    const bad = flow("bad", async () => {
      throw new TypeError("no good");
    });
    const careless = flow("careless", async () => {
      await bad.run(undefined);
      return "done";
    });
    const careful = flow("careful", async () => {
      const handle = await bad.run(undefined);
      const error: unknown = await handle.result().catch((caught: unknown) => caught);
      return error instanceof ExecutionFailed
        ? [error.executionId === handle.executionId, error.status, error.failure?.message, await handle.wait()]
        : error;
    });
    const t = open(bad, careless, careful);
    const { id } = await t.start(careless);
    expect(await t.ended(id)).toMatchObject({
      status: "failed",
      failure: { code: "child_failed", origin: "user_code", message: expect.stringContaining("no good") },
    });
    expect(await t.run(careful)).toEqual([true, "failed", "no good", "failed"]);
  });

  test("takes many at a time", async () => {
    const parent = flow("parent", async () => {
      const handles = await Promise.all(Array.from({ length: 40 }, (_, n) => child.run(n)));
      return Promise.all(handles.map((handle) => handle.result()));
    });
    const t = open(parent, child);
    expect(await t.run(parent)).toEqual(Array.from({ length: 40 }, (_, n) => n * 2));
  });

  test("says how it stood when it was asked, and says the same on each run of the body", async () => {
    const seen = new Set<string>();
    const slow = flow("slow", async () => wait({ name: "go" }));
    const parent = flow("parent", async () => {
      const handle = await slow.run(undefined);
      const status = await handle.wait({ timeout: 100 });
      seen.add(status);
      await handle.result();
      return [status, await handle.status()];
    });
    const t = open(parent, slow);
    const { id } = await t.start(parent);
    await until(() => t.entries(id).some(({ name }) => name === "status"));
    await t.waiting(id);
    await t.engine.answer(childrenOf(t, id)[0]?.id ?? "", { value: 1 });
    expect(await t.result(id)).toEqual(["waiting", "completed"]);
    expect([...seen]).toEqual(["waiting"]);
  });

  test("is refused where it cannot work, with what to do instead", async () => {
    const unknown = flow("unknown", async () => 1);
    const inside = checkpoint("inside", async () => child.run(1));
    const attempt = async (call: () => Promise<unknown>) => call().then(String, (error: Error) => error.message);
    const parent = flow("parent", async () => [
      await attempt(() => unknown.run(undefined)),
      await attempt(() => inside()),
      await attempt(() => child.run(1, { idempotencyKey: "k" })),
      await attempt(() => child.replay("x")),
      await attempt(() => child.run((() => 1) as never)),
    ]);
    const t = open(parent, child);
    expect(await t.run(parent)).toEqual([
      expect.stringContaining("declare flow unknown at the top level"),
      expect.stringContaining("call it from the flow, and pass its result to the checkpoint"),
      expect.stringContaining("leave idempotencyKey out"),
      expect.stringContaining("start a child with child.run()"),
      expect.stringContaining("input"),
    ]);
  });

  test("ends somewhere, however a flow starts itself", async () => {
    const down: AnyFlow & { run: (n: number) => Promise<{ result(): Promise<unknown> }> } = flow(
      "down",
      async (n: number): Promise<unknown> => {
        try {
          return await (await down.run(n + 1)).result();
        } catch (error) {
          if (error instanceof MisuseError) return n;
          throw error;
        }
      },
    );
    const t = open(down);
    expect(await t.run(down, 1)).toBe(20);
  });
});

describe("a family", () => {
  const stay = flow("stay", async () => wait({ name: "forever" }));
  const middle = flow("middle", async () => (await stay.run(undefined)).result());
  const top = flow("top", async () => (await middle.run(undefined)).result());

  async function started(t: TestEngine): Promise<string[]> {
    const { id } = await t.start(top);
    const all = [id];
    for (let i = 0; i < 2; i++) {
      const parent = all.at(-1) ?? "";
      await t.waiting(parent);
      all.push(childrenOf(t, parent)[0]?.id ?? "");
    }
    await t.asked(all.at(-1) ?? "", "forever");
    await t.waiting(all.at(-1) ?? "");
    return all;
  }

  test("is cancelled with its head", async () => {
    const t = open(top, middle, stay);
    const all = await started(t);
    await t.engine.cancel(all[0] ?? "");
    expect(all.map((id) => t.get(id).status)).toEqual(["cancelled", "cancelled", "cancelled"]);
    expect(t.store.journal.pendingWaits(t.get(all[2] ?? "").seq)).toEqual([]);
  });

  test("hears of a member that is cancelled", async () => {
    const t = open(top, middle, stay);
    const all = await started(t);
    await t.engine.cancel(all[2] ?? "");
    expect(await t.ended(all[1] ?? "")).toMatchObject({ status: "failed", failure: { code: "child_cancelled" } });
    expect(await t.ended(all[0] ?? "")).toMatchObject({ status: "failed", failure: { code: "child_failed" } });
  });

  test("loses the children of a member that failed", async () => {
    const failing = flow("failing", async () => {
      const handle = await stay.run(undefined);
      if (handle.executionId === "") return;
      throw new Error("on its own");
    });
    const t = open(failing, stay);
    const { id } = await t.start(failing);
    expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { message: "on its own" } });
    expect(childrenOf(t, id).map(({ status }) => status)).toEqual(["cancelled"]);
  });

  test("retries the child that failed from where it failed, with its parent", async () => {
    let isBroken = true;
    let firsts = 0;
    const first = checkpoint("first", async () => ++firsts);
    const second = checkpoint("second", async () => {
      if (isBroken) throw new Error("not now");
      return "fine";
    });
    const worker = flow("worker", async () => [await first(), await second()]);
    const parent = flow("parent", async () => (await worker.run(undefined)).result());
    const t = open(parent, worker);
    const { id } = await t.start(parent);
    await t.ended(id);
    isBroken = false;
    await t.engine.retry(id);
    expect(await t.result(id)).toEqual([1, "fine"]);
    expect(childrenOf(t, id)).toHaveLength(1);
    expect(t.get(childrenOf(t, id)[0]?.id ?? "").attempt).toBe(2);
  });

  test("starts another child where a retry cannot help the one that failed", async () => {
    let runs = 0;
    const moody = flow("moody", async () => {
      if (++runs === 1) throw new Error("of its own code");
      return runs;
    });
    const parent = flow("parent", async () => (await moody.run(undefined)).result());
    const t = open(parent, moody);
    const { id } = await t.start(parent);
    await t.ended(id);
    await t.engine.retry(id);
    expect(await t.result(id)).toBe(2);
    expect(childrenOf(t, id).map(({ status }) => status)).toEqual(["failed", "completed"]);
  });

  test("takes the result of a child that was retried by itself before its parent", async () => {
    let isBroken = true;
    const step = checkpoint("step", async () => {
      if (isBroken) throw new Error("not now");
      return "fine";
    });
    const worker = flow("worker", async () => step());
    const parent = flow("parent", async () => (await worker.run(undefined)).result());
    const t = open(parent, worker);
    const { id } = await t.start(parent);
    await t.ended(id);
    isBroken = false;
    const [made] = childrenOf(t, id);
    await t.engine.retry(made?.id ?? "");
    expect(await t.result(made?.id ?? "")).toBe("fine");
    await t.engine.retry(id);
    expect(await t.result(id)).toBe("fine");
    expect(childrenOf(t, id)).toHaveLength(1);
  });

  test("reuses in a replay the child that had completed before the anchor, and starts it anew after it", async () => {
    let runs = 0;
    const counting = flow("counting", async (n: number) => [n, ++runs]);
    const parent = flow("parent", async () => {
      const before = await (await counting.run(1)).result();
      const middle = await double(1);
      const after = await (await counting.run(2)).result();
      return [before, middle, after];
    });
    const t = open(parent, counting);
    const { id } = await t.start(parent);
    expect(await t.result(id)).toEqual([[1, 1], 2, [2, 2]]);
    const again = await t.replay(id, { from: "double" });
    expect(await t.result(again.id)).toEqual([[1, 1], 2, [2, 3]]);
    expect(childrenOf(t, again.id)).toHaveLength(1);
  });

  test("is not held up where every place of the worker is taken by parents that do not rest", async () => {
    const parent = flow("parent", async () => {
      const handle = await child.run(4);
      // As an agent does that waits for its child inside one of its own steps.
      return polling(handle.executionId);
    });
    const t = engines.open([parent, child]);
    const polling = checkpoint("polling", async (id: string) => {
      await until(() => t.get(id).status === "completed");
      return "seen";
    });
    t.work({ concurrency: 2 });
    const ids = await Promise.all([1, 2, 3, 4, 5].map(async () => (await t.start(parent)).id));
    expect(await Promise.all(ids.map((id) => t.result(id)))).toEqual(Array(5).fill("seen"));
  });

  test("is whole when the process dies right after the child's start", async () => {
    let dead = false;
    const parent = flow("parent", async () => (await child.run(3)).result());
    const first = engines.open([parent, child], {
      onWrite(write) {
        if (dead) throw new Error("this process is dead");
        const written = write();
        dead =
          first.store.reader().prepare("SELECT 1 FROM executions WHERE parent_seq IS NOT NULL").get() !== undefined;
        return written;
      },
    });
    first.work({ id: "the first" });
    const { id } = await first.start(parent);
    await until(() => dead);
    await delay(20);
    await first.crash();
    const t = engines.open([parent, child]);
    t.store.executions.abandon("the first", Date.now());
    t.work();
    expect(await t.result(id)).toBe(6);
    expect(childrenOf(t, id)).toHaveLength(1);
  });
});
