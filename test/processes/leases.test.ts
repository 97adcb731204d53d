import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import type { Execution } from "../../src/store/execution.ts";
import { eventsOf, freeze, kill, reached, result, run, TestProject, until } from "./project.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
});
afterEach(() => project.close());

const env = { SAVEPOINT_WORKER_LEASE: "1s" };

/** Two workers, so that one is there to take over what the other seems to have left. */
async function twoWorkers() {
  const workers = [project.worker(env), project.worker(env)];
  const app = await project.open();
  await until("both workers", () => app.stack.workers().length === 2);
  return { app, pids: workers.map(({ pid }) => pid ?? 0) };
}

describe("user code that blocks the event loop", () => {
  const blocks = `
    const block = checkpoint("block", async ({ dir, ms }: { dir: string; ms: number }) => {
      note(dir + "/effects", String(process.pid));
      const until = Date.now() + ms;
      while (Date.now() < until);
      return process.pid;
    });
    export const blocks = flow("blocks", (input: { dir: string; ms: number }) => block(input));`;

  async function losesNothing(ms: number): Promise<void> {
    project.flow("blocks", blocks);
    const { app, pids } = await twoWorkers();
    const execution = await run(app, "blocks", { dir: project.root, ms });
    const giveUpAt = performance.now() + ms;
    // The lease is looked at all the time, since who takes over would give it back in the end.
    while (performance.now() < giveUpAt) {
      expect(app.store.executions.byId(execution.id)?.epoch).toBeLessThanOrEqual(1);
      await delay(100);
    }
    const pid = await result(app, execution.id);
    expect(pids).toContain(pid);
    expect(project.lines("effects")).toEqual([String(pid)]);
    expect(app.store.journal.load(execution.seq)).toMatchObject([{ name: "block", status: "completed", attempt: 1 }]);
    const events = eventsOf(app, execution);
    for (const type of ["execution_started", "checkpoint_completed", "execution_completed"]) {
      expect(events.filter((one) => one === type)).toHaveLength(1);
    }
  }

  test("for several leases loses nothing: no other worker takes over, and the checkpoint is recorded once", async () => {
    await losesNothing(4_500);
  });

  test.runIf(process.env["SAVEPOINT_TEST_LONG"] === "1")(
    "for a minute loses nothing either",
    async () => {
      await losesNothing(60_000);
    },
    120_000,
  );
});

describe("a worker that was stopped past its lease and goes on after another has finished", () => {
  test("is refused, and nothing is recorded twice", async () => {
    project.flow(
      "steps",
      `const first = checkpoint("first", async (dir: string) => {
         note(dir + "/first", String(process.pid));
         await gate(dir + "/gate");
         save("page", process.pid);
         note(dir + "/returned", String(process.pid));
         return process.pid;
       });
       const second = checkpoint("second", async (dir: string) => { note(dir + "/second", String(process.pid)); });
       export const steps = flow("steps", async (dir: string) => {
         const by = await first(dir);
         log({ by });
         await second(dir);
         return by;
       });`,
    );
    const { app, pids } = await twoWorkers();
    const execution = await run(app, "steps", project.root);
    const stopped = Number(await until("the checkpoint", () => project.lines("first")[0]));
    await freeze(app, stopped);
    await until("another to take over", () => project.lines("first").length === 2);
    project.write("gate", "");
    const by = await result(app, execution.id);
    expect(by).toBe(pids.find((pid) => pid !== stopped));
    const before = record(app, execution);
    kill(stopped, "SIGCONT");
    await until("its checkpoint to return", () => project.lines("returned").includes(String(stopped)));
    // It is itself again: it can take other work.
    kill(Number(by), "SIGTERM");
    expect(await result(app, (await run(app, "steps", project.root)).id)).toBe(stopped);
    expect(record(app, execution)).toEqual(before);
    expect(project.lines("second").slice(0, 1)).toEqual([String(by)]);
    expect(project.lines("second")).toHaveLength(2);
  });
});

/** All that there is of an execution. */
function record(app: App, { id, seq }: Execution) {
  const tables = ["journal", "events", "logs", "artifacts"].map((table) =>
    app.store.reader().prepare<[number]>(`SELECT * FROM ${table} WHERE execution_seq = ?`).all(seq),
  );
  return [app.store.executions.byId(id), ...tables];
}

describe("an execution whose worker was killed", () => {
  test("is taken over at once by a live worker, and by the one that a live server starts, however long the lease", async () => {
    project.flow(
      "gated",
      `const step = checkpoint("step", async (dir: string) => { note(dir + "/effects", String(process.pid)); await gate(dir + "/gate"); });
       export const gated = flow("gated", async (dir: string) => { await step(dir); return process.pid; });`,
    );
    const long = { SAVEPOINT_WORKER_LEASE: "10m" };
    const first = project.worker(long);
    const app = await project.open();
    const execution = await run(app, "gated", project.root);
    await until("it to run", () => project.lines("effects").length === 1);
    const second = project.worker(long);
    await until("the other worker", () => app.stack.workers().length === 2);
    for (const [times, victim] of [first, second].entries()) {
      if (times === 1) await project.serve(long);
      const killedAt = performance.now();
      victim.kill("SIGKILL");
      await until("it to run again", () => project.lines("effects").length === times + 2);
      // About a second on a quiet machine: that is how often a worker or a server looks for the dead.
      expect(performance.now() - killedAt).toBeLessThan(6_000);
    }
    project.write("gate", "");
    await reached(app, execution.id, ({ status }) => status === "completed");
    expect(project.lines("effects")[1]).toBe(String(second.pid));
    expect(new Set(project.lines("effects")).size).toBe(3);
    expect(eventsOf(app, execution).filter((type) => type === "checkpoint_restarted")).toHaveLength(2);
  });
});
