import { readFileSync, renameSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import type { Execution } from "../../src/store/execution.ts";
import {
  ended,
  eventsOf,
  exit,
  failure,
  freeze,
  kill,
  logsOf,
  processesOf,
  reached,
  result,
  run,
  TestProject,
  until,
  waits,
} from "./project.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
  project.flow("steady", steady);
  project.flow("apart", apart);
});
afterEach(() => project.close());

/** Runs beside the others in the worker's own process, and says which one that is. */
const steady = `
const held = checkpoint("held", async (dir: string) => { note(dir + "/steady", "held"); await gate(dir + "/gate"); });
export const steady = flow("steady", async (dir: string) => { await held(dir); return process.pid; });`;

const apart = `
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

const before = checkpoint("before", async (dir: string) => { note(dir + "/effects", "before " + process.pid); });
const ends = {
  loop: () => { for (;;); },
  crash: () => process.kill(process.pid, "SIGSEGV"),
  memory: () => { const all: unknown[] = []; for (;;) all.push(new Array(10_000).fill(Math.random()).map(String)); },
  kill: () => process.kill(process.pid, "SIGKILL"),
  exit: () => (process as unknown as { reallyExit(code: number): void }).reallyExit(7),
};
const act = checkpoint("act", async (dir: string, how: keyof typeof ends) => {
  note(dir + "/effects", "act");
  if (existsSync(dir + "/mended")) return "mended";
  ends[how]();
  await new Promise(() => {});
});
const body = async ({ dir, how }: { dir: string; how: keyof typeof ends }) => { await before(dir); return act(dir, how); };
export const apart = flow("apart", body, { isolate: true });
export const limited = flow("limited", body, { isolate: true, timeout: "1s" });
export const persistent = flow("persistent", body, { isolate: true, retries: 1 });
export const bare = flow("bare", async ({ dir, how }: { dir: string; how: keyof typeof ends }) => { ends[how](); }, { isolate: true });

export const asks = flow("asks", async () => {
  const first = process.pid;
  const answer = await wait({ name: "go" });
  return { first, second: process.pid, answer };
}, { isolate: true });

const starts = checkpoint("starts", async (dir: string) => {
  note(dir + "/effects", "starts");
  const child = spawn("sh", ["-c", "echo $$ > " + dir + "/grandchild; exec sleep 1000"], { stdio: "ignore" });
  await gate(dir + "/gate");
  child.kill();
});
export const family = flow("family", async (dir: string) => { await starts(dir); await before(dir); return process.pid; }, { isolate: true });

export const prints = flow("prints", async () => {
  console.log("from the flow", process.env.SAVEPOINT_MASTER_KEY);
  process.stderr.write("to the stream\\n");
  return process.argv.length > 0 && process.cwd();
}, { isolate: true });`;

/** A worker beside which nothing must come to harm, and what runs in its own process. */
async function workerWithNeighbour(env: NodeJS.ProcessEnv = {}) {
  const worker = project.worker(env);
  const app = await project.open();
  const neighbour = await run(app, "steady", project.root);
  await until("the neighbour", () => project.lines("steady").length === 1);
  return {
    app,
    worker,
    async neighbourCompletes() {
      project.write("gate", "");
      expect(await result(app, neighbour.id)).toBe(worker.pid);
      expect(project.lines("steady")).toEqual(["held"]);
    },
  };
}

const input = (how: string) => ({ dir: project.root, how });
const entriesOf = (app: App, { seq }: Execution) =>
  app.store.journal.load(seq).map(({ name, status, attempt }) => ({ name, status, attempt }));
const groupsOf = (app: App) => app.store.reader().prepare("SELECT * FROM process_groups").all();
const isThere = (pid: number) => {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

describe("an execution in a process of its own", () => {
  test("that runs out of memory, crashes or exits fails with what it was, and harms no other", async () => {
    const { app, neighbourCompletes } = await workerWithNeighbour({ NODE_OPTIONS: "--max-old-space-size=64" });
    const hows = {
      memory: { code: "out_of_memory", message: expect.stringContaining("heap") },
      crash: { code: "native_crash", message: expect.stringContaining("SIGSEGV") },
      kill: { code: "out_of_memory", message: expect.stringContaining("SIGKILL") },
      exit: { code: "process_exited", message: expect.stringContaining("exit code 7") },
    };
    const target = "flows/apart.ts:apart";
    const all = await Promise.all(
      Object.entries(hows).map(async ([how, expected]) => ({
        execution: await run(app, target, input(how)),
        expected,
      })),
    );
    for (const { execution, expected } of all) {
      expect(await failure(app, execution.id)).toMatchObject({ ...expected, origin: "user_code" });
      expect(entriesOf(app, execution)).toEqual([
        { name: "before", status: "completed", attempt: 1 },
        { name: "act", status: "failed", attempt: 1 },
      ]);
      expect(eventsOf(app, execution).slice(-2)).toEqual(["checkpoint_failed", "execution_failed"]);
    }
    expect(groupsOf(app)).toEqual([]);
    await neighbourCompletes();
  });

  test("that failed so is retried from exactly what was running", async () => {
    project.worker();
    const app = await project.open();
    const execution = await run(app, "flows/apart.ts:apart", input("crash"));
    await failure(app, execution.id);
    project.write("mended", "");
    await app.engine.retry(execution.id);
    expect(await result(app, execution.id)).toBe("mended");
    expect(project.lines("effects").map((line) => line.split(" ")[0])).toEqual(["before", "act", "act"]);
  });

  test("is retried by itself as often as its flow says, and a body that crashes outside checkpoints can be as well", async () => {
    project.worker();
    const app = await project.open();
    const execution = await run(app, "flows/apart.ts:persistent", input("crash"));
    const bare = await run(app, "flows/apart.ts:bare", input("crash"));
    expect(await failure(app, execution.id)).toMatchObject({ code: "native_crash" });
    expect(project.lines("effects").map((line) => line.split(" ")[0])).toEqual(["before", "act", "act"]);
    expect(eventsOf(app, execution).filter((type) => type === "execution_retried")).toHaveLength(1);
    expect(await failure(app, bare.id)).toMatchObject({ code: "native_crash" });
    await app.engine.retry(bare.id);
    expect(await failure(app, bare.id)).toMatchObject({ code: "native_crash" });
    expect(await ended(app, bare.id)).toMatchObject({ attempt: 2 });
  });

  test("that loops for ever is killed past its deadline, and says that its code blocked it", async () => {
    const { app, neighbourCompletes } = await workerWithNeighbour();
    const execution = await run(app, "flows/apart.ts:limited", input("loop"));
    expect(await failure(app, execution.id)).toMatchObject({
      code: "timeout",
      origin: "timeout",
      message: expect.stringContaining("blocked the process"),
    });
    expect(entriesOf(app, execution)).toContainEqual({ name: "act", status: "failed", attempt: 1 });
    await neighbourCompletes();
  });

  test("that loops for ever is killed when it is cancelled", async () => {
    const { app, neighbourCompletes } = await workerWithNeighbour();
    const execution = await run(app, "flows/apart.ts:apart", input("loop"));
    await until("the loop", () => project.lines("effects").includes("act"));
    const pid = Number(project.lines("effects")[0]?.split(" ")[1]);
    await app.engine.cancel(execution.id);
    await until("its process to be gone", () => !isThere(pid), 9_000);
    expect(await ended(app, execution.id)).toMatchObject({ status: "cancelled" });
    await until("its record to be gone", () => groupsOf(app).length === 0);
    await neighbourCompletes();
  });

  test("has none while it waits, and a new one when it is answered", async () => {
    const worker = project.worker();
    const app = await project.open();
    const execution = await run(app, "flows/apart.ts:asks");
    await waits(app, execution.id);
    await until("its process to be gone", () => groupsOf(app).length === 0);
    expect(processesOf(project.root)).toEqual([worker.pid]);
    await app.engine.answer(execution.id, { value: "yes" });
    const value = (await result(app, execution.id)) as { first: number; second: number; answer: string };
    expect(value.answer).toBe("yes");
    // The body ran twice, both times from its top, in the same process each time.
    expect(value.first).toBe(value.second);
    expect(value.second).not.toBe(worker.pid);
  });

  test("keeps what its code prints as log lines, and its environment free of the master key", async () => {
    const worker = project.worker({ SAVEPOINT_MASTER_KEY: Buffer.alloc(32, 7).toString("base64") });
    let printed = "";
    worker.stderr?.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
    });
    const app = await project.open();
    const execution = await run(app, "flows/apart.ts:prints");
    expect(await result(app, execution.id)).toBe(project.root);
    expect(logsOf(app, execution)).toEqual([
      { level: "info", source: "flow", message: "from the flow undefined" },
      { level: "warn", source: "flow", message: "to the stream" },
    ]);
    expect(printed).not.toMatch(/from the flow|to the stream/);
  });

  test("is the rule where the project says so", async () => {
    project.write("savepoint.config.json", JSON.stringify({ worker: { isolate: true } }));
    project.write("gate", "");
    const worker = project.worker();
    const app = await project.open();
    const execution = await run(app, "steady", project.root);
    expect(await result(app, execution.id)).not.toBe(worker.pid);
    expect(eventsOf(app, execution)).not.toContain("execution_isolated");
  });

  test("is what a flow gets that asks for it, exported or not", async () => {
    project.flow(
      "families",
      `const inner = flow("inner", async () => process.pid, { isolate: true });
       export const outer = flow("outer", async () => [process.pid, await (await inner.run(undefined)).result()]);`,
    );
    const worker = project.worker();
    const app = await project.open();
    const [outer, inner] = (await result(app, (await run(app, "flows/families.ts:outer")).id)) as number[];
    expect(outer).toBe(worker.pid);
    expect(inner).not.toBe(worker.pid);
  });

  test("sees that it is to pause, and goes on when it is resumed", async () => {
    project.worker();
    const app = await project.open();
    const execution = await run(app, "flows/apart.ts:family", project.root);
    await until("its checkpoint", () => project.lines("grandchild").length === 1);
    await app.engine.pause(execution.id);
    project.write("gate", "");
    await reached(app, execution.id, ({ status }) => status === "paused");
    expect(project.lines("effects")).toEqual(["starts"]);
    await app.engine.resume(execution.id);
    await result(app, execution.id);
    expect(project.lines("effects")).toEqual(["starts", expect.stringMatching(/^before/)]);
  });

  test("is blocked and not failed while its version is missing", async () => {
    project.write("gate", "");
    const app = await project.open();
    const execution = await run(app, "steady", project.root);
    const versions = project.path(".savepoint/versions");
    renameSync(versions, `${versions}.away`);
    project.worker({ SAVEPOINT_WORKER_ISOLATE: "true" });
    await until("the reason", () => app.store.executions.byId(execution.id)?.blockedReason);
    expect(app.store.executions.byId(execution.id)?.blockedReason).toMatch(/^not_found: /);
    renameSync(`${versions}.away`, versions);
    await result(app, execution.id);
    expect(eventsOf(app, execution)).toEqual([
      "execution_created",
      "execution_started",
      "execution_blocked",
      "execution_started",
      "checkpoint_started",
      "checkpoint_completed",
      "execution_completed",
    ]);
  });

  test("is let finish its checkpoint when the worker stops, and is then given back", async () => {
    const worker = project.worker();
    const app = await project.open();
    const execution = await run(app, "flows/apart.ts:family", project.root);
    await until("its checkpoint", () => project.lines("grandchild").length === 1);
    worker.kill("SIGTERM");
    await until("the worker to stop claiming", () => project.write("gate", ""));
    expect(await exit(worker)).toBe(0);
    await until("nothing to be left", () => processesOf(project.root).length === 0);
    expect(app.store.executions.byId(execution.id)).toMatchObject({ status: "queued", crashes: 0 });
    expect(groupsOf(app)).toEqual([]);
    project.worker();
    await result(app, execution.id);
    expect(project.lines("effects")).toEqual(["starts", expect.stringMatching(/^before/)]);
  });
});

describe("a worker that is killed", () => {
  test("takes the processes of its executions with it, and what these started; recovery runs them again once", async () => {
    const worker = project.worker();
    const app = await project.open();
    const execution = await run(app, "flows/apart.ts:family", project.root);
    await until("the grandchild", () => project.lines("grandchild").length === 1);
    const grandchild = Number(project.lines("grandchild")[0]);
    expect(isThere(grandchild)).toBe(true);
    expect(groupsOf(app)).toHaveLength(1);
    worker.kill("SIGKILL");
    await until("the grandchild to be gone", () => !isThere(grandchild), 5_000);
    await until("the group to be gone", () => processesOf(project.root).length === 0, 5_000);
    project.write("gate", "");
    const second = project.worker();
    expect(await result(app, execution.id)).not.toBe(second.pid);
    expect(project.lines("effects")).toEqual(["starts", "starts", expect.stringMatching(/^before/)]);
    await until("no record to be left", () => groupsOf(app).length === 0);
  });

  test("leaves a stopped process to its successor, who kills it before anything runs again", async () => {
    const worker = project.worker({ SAVEPOINT_WORKER_LEASE: "1s" });
    const app = await project.open();
    const execution = await run(app, "flows/apart.ts:family", project.root);
    await until("the grandchild", () => project.lines("grandchild").length === 1);
    const grandchild = Number(project.lines("grandchild")[0]);
    // Its worker lives but gives no sign of it, so nothing but the record tells of the group.
    await freeze(app, worker.pid ?? 0);
    project.worker({ SAVEPOINT_WORKER_LEASE: "1s" });
    await until("it to run again", () => project.lines("effects").length === 2);
    expect(isThere(grandchild)).toBe(false);
    project.write("gate", "");
    const by = await result(app, execution.id);
    kill(worker.pid ?? 0, "SIGCONT");
    expect(by).not.toBe(worker.pid);
    expect(await ended(app, execution.id)).toMatchObject({ status: "completed" });
  });
});

describe("an execution that kills its workers", () => {
  const killer = `
    const strike = checkpoint("strike", async (dir: string) => {
      note(dir + "/strikes", String(process.pid));
      process.kill(process.pid, "SIGKILL");
      await new Promise(() => {});
    });
    export const killer = flow("killer", async (dir: string) => strike(dir), { retries: 2 });`;

  test("gets a process of its own after three of them, and fails as a crash loop; others complete", async () => {
    project.flow("killer", killer);
    const app = await project.open();
    const execution = await run(app, "killer", project.root);
    const innocent = await run(app, "steady", project.root);
    for (const times of [1, 2, 3]) {
      expect(await exit(project.worker())).toBeNull();
      expect(project.lines("strikes")).toHaveLength(times);
    }
    const worker = project.worker();
    project.write("gate", "");
    expect(await failure(app, execution.id)).toMatchObject({
      code: "crash_loop",
      message: expect.stringMatching(/^3 workers died .* killed by the system \(SIGKILL\)/),
    });
    // It went down with each of them, so nobody can know which of the two it was.
    expect(await result(app, innocent.id)).not.toBe(worker.pid);
    expect(project.lines("strikes")).toHaveLength(4);
    expect(eventsOf(app, execution).filter((type) => type === "execution_isolated")).toHaveLength(1);
    expect(await ended(app, execution.id)).toMatchObject({ attempt: 1 });
  });

  test("is counted anew once something of it has settled", async () => {
    project.flow(
      "progresses",
      `const step = checkpoint("step", async (dir: string, n: number) => {
         note(dir + "/steps", String(n));
         if (n % 2 === 1 && (await import("node:fs")).readFileSync(dir + "/steps", "utf8").split("\\n").filter((one) => one === String(n)).length === 1)
           process.kill(process.pid, "SIGKILL");
         return n;
       });
       export const progresses = flow("progresses", async (dir: string) => {
         for (let n = 0; n < 8; n++) await step(dir, n);
         return process.pid;
       });`,
    );
    const app = await project.open();
    const execution = await run(app, "progresses", project.root);
    for (let times = 0; times < 4; times++) await exit(project.worker());
    const worker = project.worker();
    expect(await result(app, execution.id)).toBe(worker.pid);
    expect(eventsOf(app, execution)).not.toContain("execution_isolated");
    expect(await reached(app, execution.id, () => true)).toMatchObject({ crashes: 0 });
  });
});
