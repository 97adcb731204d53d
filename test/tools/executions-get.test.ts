import { rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { schemaNumber } from "../../src/store/migrations/index.ts";
import { createClock } from "../../src/testing/clock.ts";
import { flowFile, type List, reviewFlow, ToolProject } from "./project.ts";

let project: ToolProject;
beforeEach(() => {
  project = new ToolProject({ "flows/review.ts": reviewFlow });
});
afterEach(() => project.close());

/** The row of a worker that lives in this process. */
function livingWorker({ clock, version }: App) {
  const now = clock.now();
  return {
    id: "w1",
    kind: "foreground" as const,
    state: "active" as const,
    pid: process.pid,
    processStart: null,
    host: hostname(),
    savepointVersion: version,
    concurrency: 5,
    startedAt: now,
    heartbeatAt: now,
  };
}

describe("executions_get", () => {
  test("shows each checkpoint whole with detail full", async () => {
    project.write(
      "flows/full.ts",
      flowFile(`
const once = checkpoint("once", async () => { log({ tokens: 5 }); progress({ stage: "reading", current: 1, total: 2 }); return "y".repeat(900); }, { type: "llm_call" });
const twice = checkpoint("twice", async () => { throw new Error("never"); }, { retries: { max: 1, backoff: 1 } });
export const full = flow("full", async () => {
  await once();
  await sleep(20);
  await twice().catch(() => {});
  const answer = await wait({ name: "go", question: "Go?", timeout: "1d" });
  return answer;
});
`),
    );
    const { execution_id: id, pending_waits: waits } = await project.call("executions_run", {
      target: "full",
      wait_seconds: 10,
    });
    expect(waits).toHaveLength(1);
    await project.call("executions_input", { execution_id: id, value: { yes: true } });
    const full = await project.call("executions_get", { execution_id: id, detail: "full" });
    expect(full).toMatchObject({
      status: "completed",
      result: { yes: true },
      input: null,
      progress: { stage: "reading", current: 1, total: 2 },
      checkpoints: [
        {
          checkpoint_id: `${id}:1`,
          selector: "once",
          name: "once",
          status: "completed",
          origin: "executed",
          type: "llm_call",
          attempt: 1,
          output_bytes: 902,
          metadata: { tokens: 5 },
          progress: { stage: "reading", current: 1, total: 2 },
          failure: null,
        },
        { selector: "twice", status: "failed", attempt: 2, failure: { message: "never", origin: "user_code" } },
      ],
      waits: [{ name: "go", status: "answered", question: "Go?", answer: { yes: true } }],
      sleeps: [{ status: "completed" }],
      children: [],
    });
    expect(full.checkpoints[0]?.output).toMatch(
      /^y{500}… \(cut; artifacts_get \{"artifact_id":".+:1"\} reads all 902 characters\)$/,
    );
    expect(full.checkpoints[0]?.duration_ms).toBeGreaterThanOrEqual(0);
    expect(full.checkpoints[1]?.failure?.stack).toMatch(/^Error: never\n {4}at .*:\d+:\d+\)?$/);
    expect(JSON.stringify(full)).not.toContain(project.root);
  });

  test("shows the beginning of a long result, and how to read the rest", async () => {
    project.write(
      "flows/long.ts",
      flowFile(`export const long = flow("long", async () => ({ rows: Array(9000).fill("row") }));`),
    );
    const { execution_id: id } = await project.call("executions_run", { target: "long" });
    const execution = await project.call("executions_get", { execution_id: id });
    expect(execution).not.toHaveProperty("result");
    expect(execution.result_preview).toMatch(
      /^\{"rows":\["row","row".+artifacts_get with artifact_id ".+:result" reads it\)$/,
    );
    expect(execution.result_preview?.length).toBeLessThan(2_300);
    expect(execution.next).toContain("result_preview");
  });

  test("can still show an execution whose recorded result was lost", async () => {
    project.write("flows/lost.ts", flowFile(`export const lost = flow("lost", async () => "z".repeat(50_000));`));
    const { execution_id: id } = await project.call("executions_run", { target: "lost" });
    rmSync(join(project.root, ".savepoint/blobs"), { recursive: true });
    const execution = await project.call("executions_get", { execution_id: id });
    expect(execution.status).toBe("completed");
    expect(execution.result_preview).toContain("cannot be read");
    expect(JSON.stringify(execution)).not.toContain(project.root);
  });

  test("shows the newest of many checkpoints, and those that failed", async () => {
    project.write(
      "flows/many.ts",
      flowFile(`
const step = checkpoint("step", async (n: number) => { if (n === 3) throw new Error("three"); return n; });
export const many = flow("many", async () => { for (let n = 0; n < 70; n++) await step(n).catch(() => {}); });
`),
    );
    const execution = await project.call("executions_run", { target: "many", wait_seconds: 20 });
    expect(execution.counts).toMatchObject({ checkpoints: 70, completed: 69, failed: 1 });
    expect(execution.checkpoints).toHaveLength(50);
    expect(execution.checkpoints[0]).toEqual({ selector: "step#4", status: "failed", origin: null });
    expect(execution.checkpoints.at(-1)).toEqual({ selector: "step#70", status: "completed", origin: "executed" });
    expect(execution.checkpoints_note).toMatch(/^20 earlier completed checkpoints are not shown; artifacts_list/);
    const full = await project.call("executions_get", { execution_id: execution.execution_id, detail: "full" });
    expect(full.checkpoints).toHaveLength(40);
    expect(full.checkpoints[0]).toMatchObject({ selector: "step#4", status: "failed", failure: { message: "three" } });
    expect(full.checkpoints_note).toMatch(/^30 earlier/);
  });

  test("waits for what is still to come", async () => {
    project.write(
      "flows/nap.ts",
      flowFile(`export const nap = flow("nap", async () => { await sleep(1_500); return "awake"; });`),
    );
    const { execution_id: id } = await project.call("executions_run", { target: "nap", wait_seconds: 0 });
    expect(await project.call("executions_get", { execution_id: id })).toMatchObject({ result: null });
    expect(await project.call("executions_get", { execution_id: id, wait_seconds: 20 })).toMatchObject({
      result: "awake",
    });
  });

  test("names the candidates for a beginning that several ids share", async () => {
    const ids: string[] = [];
    for (const topic of ["a", "b"]) {
      ids.push(
        (await project.call("executions_run", { target: "review", input: { topic }, wait_seconds: 0 })).execution_id,
      );
    }
    const error = await project.error("executions_get", { execution_id: ids[0]?.slice(0, 8) });
    expect(error).toMatchObject({ code: "ambiguous", details: { candidates: ids.toSorted() } });
    expect(await project.error("executions_get", { execution_id: "01" })).toMatchObject({
      code: "not_found",
      hint: expect.stringContaining("give at least 4 characters"),
    });
  });

  test("takes an id with spaces around it and in capitals", async () => {
    const args = { target: "review", input: { topic: "a" }, wait_seconds: 0 };
    const { execution_id: id } = await project.call("executions_run", args);
    expect(await project.call("executions_get", { execution_id: ` ${id.toUpperCase()}\n` })).toMatchObject({
      execution_id: id,
    });
  });
});

describe("with no worker", () => {
  test("an execution says that it is overdue and what to start, and so do the listing and the status", async () => {
    const clock = createClock();
    project.use(await project.open({ clock }));
    const queued = await project.call("executions_run", { target: "review", input: { topic: "x" }, wait_seconds: 0 });
    expect(queued).toMatchObject({ status: "queued", overdue: null });
    clock.move(60_000);
    const overdue = await project.call("executions_get", { execution_id: queued.execution_id });
    expect(overdue.overdue).toEqual({ since: "2030-01-01T00:00:00.000Z" });
    expect(overdue.next).toContain("no worker lives. Start one with `savepoint worker`");
    const { items } = await project.call<List<{ overdue_since: string }>>("executions_list", {});
    expect(items[0]?.overdue_since).toBe("2030-01-01T00:00:00.000Z");
    expect(await project.call("status", {})).toMatchObject({
      workers_alive: 0,
      overdue: [{ execution_id: queued.execution_id, status: "queued", since: "2030-01-01T00:00:00.000Z" }],
      next_wake_at: "2030-01-01T00:00:00.000Z",
      warnings: ["1 execution is overdue and no worker lives: start one with `savepoint worker`."],
    });
  });

  test("a running execution whose worker has gone says so", async () => {
    const clock = createClock();
    const app = await project.open({ clock });
    project.use(app);
    const { execution_id: id } = await project.call("executions_run", {
      target: "review",
      input: { topic: "x" },
      wait_seconds: 0,
    });
    app.store.write(() => app.store.executions.claim("gone", clock.now() + 15_000, clock.now(), 1));
    expect(await project.call("executions_get", { execution_id: id })).toMatchObject({
      status: "running",
      overdue: null,
    });
    clock.move(20_000);
    const silent = await project.call("executions_get", { execution_id: id });
    expect(silent).toMatchObject({ status: "running", overdue: { since: "2030-01-01T00:00:15.000Z" } });
    expect(silent.next).toContain("Its worker has gone silent");
  });

  test("an execution that waits for its turn names those that have it, and so does the status", async () => {
    const clock = createClock();
    const app = await project.open({ clock });
    project.use(app);
    const args = { target: "review", input: { topic: "x" }, wait_seconds: 0 };
    const { execution_id: first } = await project.call("executions_run", args);
    app.store.write(() => app.store.executions.claim("w1", clock.now() + 600_000, clock.now(), 1));
    const { execution_id: second } = await project.call("executions_run", args);
    clock.move(60_000);
    app.store.write(() => app.store.workers.insert(livingWorker(app)));
    expect((await project.call("executions_get", { execution_id: second })).next).toContain(
      `all workers are busy. They run ${first} (review). Then`,
    );
    const { warnings } = await project.call<{ warnings: string[] }>("status", {});
    expect(warnings).toEqual([expect.stringContaining(`the workers are busy (they run ${first} (review))`)]);
  });

  test("an execution that cannot go on says why", async () => {
    const app = await project.open({ worker: true });
    project.use(app);
    const { execution_id: id } = await project.call("executions_run", { target: "review", input: { topic: "x" } });
    const { version } = app.findExecution(id);
    rmSync(join(project.root, `.savepoint/versions/${version}`), { recursive: true, force: true });
    rmSync(join(project.root, ".savepoint/versions"), { recursive: true, force: true });
    const other = await project.open({ worker: true });
    project.use(other);
    await app.engine.close();
    const answered = await project.call("executions_input", { execution_id: id, value: true, wait_seconds: 1 });
    expect(answered.status).toBe("queued");
    expect(answered.blocked_reason).toMatch(/version/);
    expect(answered.next).toContain("blocked_reason");
    const remedy = `executions_replay {"execution_id":"${id}","code":"current"}`;
    expect(answered.next).toContain(remedy);
    const status = await project.call<{ blocked: unknown[]; warnings: string[] }>("status", {});
    expect(status.blocked).toEqual([{ execution_id: id, reason: expect.stringMatching(/^not_found: The version/) }]);
    expect(status.warnings).toEqual([expect.stringMatching(/^1 execution is blocked: not_found: The version/)]);
    expect(status.warnings[0]).toContain(remedy);
    expect(JSON.stringify(answered)).not.toContain(project.root);
  });
});

describe("status and stacks_list", () => {
  test("tell about the project and its executions", async () => {
    await project.call("executions_run", { target: "review", input: { topic: "x" } });
    const status = await project.call<Record<string, unknown>>("status", {});
    expect(status).toMatchObject({
      version: "0.1.0",
      node_version: process.versions.node,
      project: { name: project.root.split("/").at(-1), root: project.root, note: null },
      database_schema: schemaNumber,
      executions: { queued: 0, running: 0, waiting: 1, paused: 0, completed: 0, failed: 0, cancelled: 0 },
      executions_are_exact: true,
      overdue: [],
      next_wake_at: null,
      warnings: [],
    });
  });

  test("show the local stack and the workers that live", async () => {
    const app = await project.app();
    const worker = livingWorker(app);
    const now = worker.startedAt;
    app.store.write(() => app.store.workers.insert(worker));
    expect(await project.call("stacks_list", {})).toEqual({
      items: [
        {
          name: "local",
          kind: "local",
          active: true,
          managed: true,
          workers: [
            {
              worker_id: "w1",
              pid: process.pid,
              kind: "foreground",
              state: "active",
              concurrency: 5,
              started_at: new Date(now).toISOString(),
              heartbeat_at: new Date(now).toISOString(),
            },
          ],
        },
      ],
      next_cursor: null,
      total: 1,
      total_is_exact: true,
    });
  });

  test("status answers with warnings where something cannot be read", async () => {
    const app = await project.app();
    project.use({
      ...app,
      stack: {
        ...app.stack,
        workers: () => {
          throw new Error("no list of processes");
        },
      },
    });
    expect(await project.call("status", {})).toMatchObject({
      workers_alive: null,
      warnings: ["workers cannot be read: no list of processes"],
      executions: { queued: 0 },
    });
  });
});
