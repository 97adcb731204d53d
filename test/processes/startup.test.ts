import { once } from "node:events";
import { existsSync, rmSync, statSync } from "node:fs";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { kill, onlyWorker, processesOf, result, run, TestProject, until } from "./project.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
});
afterEach(() => project.close());

/** Changes rows behind everyone's back, as a bug or another version of Savepoint would. */
function tamper(sql: string, ...values: unknown[]): void {
  const database = new Database(project.path(".savepoint/savepoint.db"));
  database.prepare(sql).run(...values);
  database.close();
}

const log = () => project.lines(".savepoint/logs/worker.log");
const starts = () => log().filter((line) => line.includes("runs up to"));

describe("servers that start", () => {
  test.each([2, 10])("%i at the same instant on a new project end with one worker", async (count) => {
    await Promise.all(Array.from({ length: count }, () => project.serve()));
    const app = await project.open();
    const { pid } = await onlyWorker(app);
    expect(processesOf(project.root)).toEqual([pid]);
    expect(starts()).toHaveLength(1);
  });

  test("are content with a worker that someone runs in a terminal", async () => {
    const worker = project.worker();
    const app = await project.open();
    expect((await onlyWorker(app)).kind).toBe("foreground");
    await project.serve();
    project.flow("quick", `export const quick = flow("quick", async () => process.pid);`);
    const execution = await run(app, "quick");
    expect(await result(app, execution.id)).toBe(worker.pid);
    expect(processesOf(project.root)).toEqual([worker.pid]);
  });
});

describe("the log of detached workers", () => {
  test("says who ran when and why it stopped, and begins anew when it has grown", async () => {
    project.write(".savepoint/logs/worker.log", "an old line\n".repeat(500_000));
    await project.serve();
    const app = await project.open();
    const { pid } = await onlyWorker(app);
    kill(pid, "SIGTERM");
    await until("the worker to stop", () => log().some((line) => line.endsWith(`worker ${pid}: has stopped`)));
    const own = log().filter((line) => line.includes(`worker ${pid}:`));
    expect(own.map((line) => line.replace(/^\S+Z worker \d+: /, ""))).toEqual([
      `Savepoint ${app.version} runs up to 10 executions at a time for ${project.root}`,
      "stops: SIGTERM",
      "has stopped",
    ]);
    expect(log()).not.toContain("an old line");
    const old = statSync(project.path(".savepoint/logs/worker.log.1"));
    expect(old.size).toBe(6_000_000);
    expect(old.mode & 0o777).toBe(0o600);
  });

  test("can be read by its owner alone", async () => {
    await project.serve();
    await onlyWorker(await project.open());
    expect(statSync(project.path(".savepoint/logs/worker.log")).mode & 0o777).toBe(0o600);
    expect(statSync(project.path(".savepoint/logs")).mode & 0o777).toBe(0o700);
  });
});

describe("a worker", () => {
  test("that crashes while it starts is replaced", async () => {
    const crash = project.write(
      "crash.cjs",
      `const detached = process.argv.includes("--detached-as");
       try {
         if (detached) require("node:fs").openSync(${JSON.stringify(project.path("crashed"))}, "wx");
         if (detached) process.kill(process.pid, "SIGKILL");
       } catch {}`,
    );
    const from = performance.now();
    await project.serve({ NODE_OPTIONS: `--require ${crash}` });
    project.flow("quick", `export const quick = flow("quick", async () => process.pid);`);
    const app = await project.open();
    const execution = await run(app, "quick");
    expect(await result(app, execution.id)).toBe((await onlyWorker(app)).pid);
    expect(existsSync(project.path("crashed"))).toBe(true);
    expect(performance.now() - from).toBeLessThan(9_000);
  });

  test("of an older Savepoint finishes what it runs and is replaced", async () => {
    project.flow(
      "two",
      `const one = checkpoint("one", async (dir: string) => { note(dir + "/effects", "one"); await gate(dir + "/gate"); return process.pid; });
       const two = checkpoint("two", async () => process.pid);
       export const pids = flow("pids", async (dir: string) => [await one(dir), await two()]);`,
    );
    await project.serve();
    const app = await project.open();
    const old = await onlyWorker(app);
    const execution = await run(app, "pids", project.root);
    await until("the first checkpoint", () => project.lines("effects").length === 1);
    tamper("UPDATE workers SET savepoint_version = '0.0.1' WHERE id = ?", old.id);
    const replacement = await until("another worker", () => {
      return app.stack.workers().find(({ id, state }) => id !== old.id && state === "active");
    });
    await until("the old one to know", () => log().some((line) => line.includes(`worker ${old.pid}: stops`)));
    project.write("gate", "");
    expect(await result(app, execution.id)).toEqual([old.pid, replacement.pid]);
    expect(project.lines("effects")).toEqual(["one"]);
    expect(replacement.savepointVersion).toBe(app.version);
    await until("the old worker to be gone", () => !processesOf(project.root).includes(old.pid));
  });

  test("that was taken for dead registers again, and what it runs goes on", async () => {
    project.flow(
      "long",
      `const one = checkpoint("one", async (dir: string) => { note(dir + "/effects", "one"); await gate(dir + "/gate"); return process.pid; });
       export const long = flow("long", (dir: string) => one(dir));`,
    );
    const worker = project.worker();
    const app = await project.open();
    const execution = await run(app, "long", project.root);
    await until("the checkpoint", () => project.lines("effects").length === 1);
    const before = await onlyWorker(app);
    tamper("DELETE FROM workers");
    expect((await onlyWorker(app)).id).toBe(before.id);
    project.write("gate", "");
    expect(await result(app, execution.id)).toBe(worker.pid);
    expect(project.lines("effects")).toEqual(["one"]);
  });

  test("that was taken for dead goes when another has its place", async () => {
    await project.serve();
    const app = await project.open();
    const { pid } = await onlyWorker(app);
    const stranger = project.node(["-e", "setInterval(() => {}, 1000)"]);
    await once(stranger, "spawn");
    tamper("UPDATE workers SET id = 'another', pid = ?, process_start = NULL", stranger.pid);
    await until("the worker to go", () => !processesOf(project.root).includes(pid));
    expect(app.stack.workers()).toMatchObject([{ id: "another" }]);
  });

  test("goes when its project is removed", async () => {
    const worker = project.worker();
    await onlyWorker(await project.open());
    rmSync(project.path(".savepoint"), { recursive: true });
    const [code] = (await once(worker, "exit")) as [number];
    expect(code).toBe(0);
  });
});
