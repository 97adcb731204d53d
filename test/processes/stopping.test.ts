import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  ended,
  exit,
  freeze,
  kill,
  onlyWorker,
  processesOf,
  reached,
  result,
  run,
  TestProject,
  until,
} from "./project.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
});
afterEach(() => project.close());

describe("a worker that is told to stop", () => {
  test("lets running checkpoints end, begins none, and gives the rest back at once", async () => {
    project.flow(
      "two",
      `const one = checkpoint("one", async (dir: string) => { note(dir + "/effects", "one"); await gate(dir + "/gate"); return process.pid; });
       const two = checkpoint("two", async () => process.pid);
       export const pids = flow("pids", async (dir: string) => [await one(dir), await two()]);
       export const outside = flow("outside", async (dir: string) => {
         note(dir + "/outside", "began");
         await gate(dir + "/other-gate");
         return two();
       });`,
    );
    const first = project.worker();
    const app = await project.open();
    const inside = await run(app, "pids", project.root);
    const outside = await run(app, "outside", project.root);
    await until("both to run", () => project.lines("effects").length === 1 && project.lines("outside").length === 1);
    first.kill("SIGTERM");
    await reached(app, outside.id, ({ status }) => status === "queued");
    expect(app.store.executions.byId(inside.id)?.status).toBe("running");
    project.write("gate", "");
    project.write("other-gate", "");
    expect(await exit(first)).toBe(0);
    expect(app.stack.workers()).toEqual([]);
    const second = project.worker();
    expect(await result(app, inside.id)).toEqual([first.pid, second.pid]);
    expect(await result(app, outside.id)).toBe(second.pid);
    expect(project.lines("effects")).toEqual(["one"]);
  });

  test("waits no longer than a few seconds for a checkpoint", async () => {
    project.flow(
      "endless",
      `const one = checkpoint("one", async (dir: string) => { note(dir + "/effects", "one"); await gate(dir + "/gate"); });
       export const endless = flow("endless", (dir: string) => one(dir));`,
    );
    const worker = project.worker();
    const app = await project.open();
    const execution = await run(app, "endless", project.root);
    await until("the checkpoint", () => project.lines("effects").length === 1);
    const from = performance.now();
    worker.kill("SIGTERM");
    expect(await exit(worker)).toBe(0);
    expect(performance.now() - from).toBeLessThan(9_000);
    const left = app.store.executions.byId(execution.id);
    expect(left).toMatchObject({ status: "queued", blockedReason: null });
    expect(app.store.executions.nextWakeAt()).toBeLessThanOrEqual(Date.now());
  });

  test("ends at once when it is told so twice from a terminal", async () => {
    project.flow(
      "endless",
      `const one = checkpoint("one", async (dir: string) => { note(dir + "/effects", "one"); await gate(dir + "/gate"); });
       export const endless = flow("endless", (dir: string) => one(dir));`,
    );
    const worker = project.worker();
    let said = "";
    worker.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const app = await project.open();
    await run(app, "endless", project.root);
    await until("the checkpoint", () => project.lines("effects").length === 1);
    worker.kill("SIGINT");
    await until("the worker to say so", () => said.includes("Ctrl-C once more"));
    worker.kill("SIGINT");
    expect(await exit(worker)).toBe(130);
  });
});

describe("an idle detached worker", () => {
  test("ends after the idle timeout", async () => {
    project.flow("quick", `export const quick = flow("quick", async () => process.pid);`);
    const app = await project.open({
      env: { ...project.env, SAVEPOINT_WORKER_IDLE_TIMEOUT: "500ms" },
      ensureWorker: true,
    });
    const execution = await run(app, "quick");
    const pid = await result(app, execution.id);
    await until("the worker to end", () => processesOf(project.root).length === 0);
    expect(app.stack.workers()).toEqual([]);
    const log = project.lines(".savepoint/logs/worker.log").join("\n");
    expect(log).toMatch(
      new RegExp(
        `worker ${pid}: Savepoint \\S+ runs up to 10 executions at a time for .*\\n.*stops: nothing to do\\n.*has stopped$`,
      ),
    );
  });

  const naps = `
    const pid = checkpoint("pid", async () => process.pid);
    export const naps = flow("naps", async (ms: number) => {
      const before = await pid();
      await sleep(ms);
      return [before, await pid()];
    });`;

  test("stays while something becomes due within the time to keep alive", async () => {
    project.flow("naps", naps);
    const env = { ...project.env, SAVEPOINT_WORKER_IDLE_TIMEOUT: "100ms" };
    const app = await project.open({ env, ensureWorker: true });
    const execution = await run(app, "naps", 2_500);
    const [before, after] = (await result(app, execution.id)) as number[];
    expect(after).toBe(before);
  });

  test("goes when nothing is due for longer, and a server starts one in time", async () => {
    project.flow("naps", naps);
    await project.serve({ SAVEPOINT_WORKER_IDLE_TIMEOUT: "100ms", SAVEPOINT_WORKER_KEEP_ALIVE: "1s" });
    const app = await project.open();
    const execution = await run(app, "naps", 4_000);
    await until(
      "the worker to end",
      () => app.store.executions.byId(execution.id)?.status === "waiting" && processesOf(project.root).length === 0,
    );
    const [before, after] = (await result(app, execution.id)) as number[];
    expect(after).not.toBe(before);
  });

  test("never leaves a run behind that is written while it goes", async () => {
    project.flow("quick", `export const quick = flow("quick", async () => process.pid);`);
    const app = await project.open({
      env: { ...project.env, SAVEPOINT_WORKER_IDLE_TIMEOUT: "60ms" },
      ensureWorker: true,
    });
    const pids = new Set<unknown>();
    for (let round = 0; round < 12; round++) {
      const execution = await run(app, "quick");
      pids.add(await result(app, execution.id));
      // Spread over the moments in which it looks, leaves and ends.
      await delay(40 + round * 8);
    }
    expect(pids.size).toBeGreaterThan(1);
  });
});

describe("a worker that is stopped by a signal it cannot catch while a checkpoint runs", () => {
  test("is let off when its checkpoint ends twice: the one that lost its lease writes nothing", async () => {
    project.flow(
      "zombie",
      `const one = checkpoint("one", async (dir: string) => { note(dir + "/effects", String(process.pid)); await gate(dir + "/gate"); return process.pid; });
       export const zombie = flow("zombie", (dir: string) => one(dir));`,
    );
    const frozen = project.worker();
    let said = "";
    frozen.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const app = await project.open();
    const execution = await run(app, "zombie", project.root);
    await until("the checkpoint", () => project.lines("effects").length === 1);
    await freeze(app, frozen.pid ?? 0);
    const other = project.worker();
    await until("the other to run it", () => project.lines("effects").length === 2);
    frozen.kill("SIGCONT");
    project.write("gate", "");
    expect((await ended(app, execution.id)).status).toBe("completed");
    expect(await result(app, execution.id)).toBe(other.pid);
    expect(project.lines("effects")).toEqual([String(frozen.pid), String(other.pid)]);
    kill(frozen.pid ?? 0, "SIGTERM");
    const code = await exit(frozen);
    expect({ code, signal: frozen.signalCode, said }).toMatchObject({ code: 0, signal: null });
    await onlyWorker(app);
  });
});
