import { expect, test } from "vitest";
import { checkpoint, continueAsNew, flow, sleep } from "../../src/index.ts";
import { createClock } from "../../src/testing/clock.ts";
import { delay, openTestEngine, temporaryFolder } from "../helpers/engine.ts";

/** A family of three generations whose head goes on as new once, and how often bodies ran. */
function family() {
  const runs = new Map<string, number>();
  const work = checkpoint("work", async (what: string) => {
    runs.set(what, (runs.get(what) ?? 0) + 1);
    return what;
  });
  const leaf = flow("leaf", async (n: number) => {
    const first = await work(`leaf ${n}`);
    await sleep(30_000);
    if (n === 2) throw new Error(`leaf ${n} fails`);
    return first;
  });
  const middle = flow("middle", async (n: number) => {
    const children = await Promise.all([leaf.run(n), leaf.run(n + 1)]);
    return Promise.all(children.map((child) => child.result().catch((error: Error) => error.name)));
  });
  const head = flow("head", async ({ round, seen }: { round: number; seen: unknown[] }): Promise<unknown> => {
    const child = await middle.run(round);
    const before = await work(`head ${round}`);
    const all = [...seen, before, await child.result(), await child.status()];
    return round === 2 ? all : continueAsNew({ round: round + 1, seen: all });
  });
  return { flows: [head, middle, leaf], head, runs };
}

async function runThrough(crashAt: number, side: "before" | "after") {
  const folder = temporaryFolder();
  const clock = createClock();
  const { flows, head, runs } = family();
  let writes = 0;
  let crashes = 0;
  try {
    for (;;) {
      let isDead = false;
      const t = openTestEngine(folder.path, flows, {
        clock,
        onWrite(write) {
          if (isDead) throw new Error("this process is dead");
          isDead = ++writes === crashAt;
          if (isDead && side === "before") throw new Error("died before the commit");
          const written = write();
          if (isDead) throw new Error("died after the commit");
          return written;
        },
      });
      try {
        const { id } = await t.start(head, { round: 1, seen: [] }, { idempotencyKey: "one" });
        for (let dead = 0; dead < crashes; dead++) t.store.executions.abandon(`worker ${dead}`, clock.now());
        t.work({ id: `worker ${crashes}`, leaseMs: 1e9 });
        const giveUpAt = performance.now() + 15_000;
        while (!isDead) {
          const { status } = t.get(id);
          if (status === "completed") {
            const result = await t.result(id);
            const rows = t.store.reader().prepare("SELECT workflow, status FROM executions ORDER BY workflow").all();
            await t.close();
            return { result, rows, writes, crashes, runs };
          }
          if (status === "failed" || performance.now() > giveUpAt) throw new Error(JSON.stringify(t.get(id)));
          clock.move(1_000);
          await delay(2);
        }
      } catch (error) {
        if (!isDead) throw error;
      }
      await t.crash();
      crashes++;
    }
  } finally {
    folder.remove();
  }
}

test("a family whose process dies at any of its writes ends as if it had not, and no child is started twice", async () => {
  const whole = await runThrough(0, "before");
  expect(whole.result).toEqual([
    "head 1",
    ["leaf 1", "ExecutionFailed"],
    "completed",
    "head 2",
    ["ExecutionFailed", "leaf 3"],
    "completed",
  ]);
  expect(whole.rows).toHaveLength(7);
  const places = Array.from({ length: whole.writes }, (_, i) => i + 1).flatMap((write) =>
    (["before", "after"] as const).map((side) => ({ write, side })),
  );
  let survived = 0;
  const lane = async () => {
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      const crashed = await runThrough(place.write, place.side);
      const at = `${place.side} write ${place.write}`;
      expect(crashed.result, at).toEqual(whole.result);
      expect(crashed.rows, at).toEqual(whole.rows);
      for (const [what, count] of crashed.runs) {
        expect(count, `${what}, ${at}`).toBeLessThanOrEqual((whole.runs.get(what) ?? 0) + crashed.crashes);
      }
      survived += crashed.crashes;
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  expect(survived).toBeGreaterThan(whole.writes);
}, 60_000);
