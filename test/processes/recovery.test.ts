import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  dist,
  eventsOf,
  isRunning,
  kill,
  onlyWorker,
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
});
afterEach(() => project.close());

const steps = `
const first = checkpoint("first", async (dir: string) => { note(dir + "/effects", "first"); return 1; });
const second = checkpoint("second", async (dir: string) => {
  note(dir + "/effects", "second");
  await gate(dir + "/gate");
  return 2;
});
const third = checkpoint("third", async (dir: string) => { note(dir + "/effects", "third"); return 3; });
export const steps = flow("steps", async (dir: string) => [await first(dir), await second(dir), await third(dir)]);
`;

describe("an MCP server that is killed", () => {
  test("leaves the worker alone, and the flow completes", async () => {
    project.flow("steps", steps);
    const server = project.node([fileURLToPath(new URL("server.js", dist))]);
    const call = { name: "executions_run", arguments: { target: "steps", input: project.root, wait_seconds: 0 } };
    const { structuredContent } = await ask(server, "tools/call", call);
    const app = await project.open();
    await until("the second checkpoint", () => project.lines("effects").includes("second"));
    const worker = await onlyWorker(app);
    server.kill("SIGKILL");
    await until("the server to be gone", () => !isRunning(server));
    // Its terminal closes as well; a worker has a session of its own, and lets a stray signal pass.
    expect(sessionOf(worker.pid)).toBe(worker.pid);
    kill(worker.pid, "SIGHUP");
    project.write("gate", "");
    expect(await result(app, String(structuredContent["execution_id"]))).toEqual([1, 2, 3]);
    expect((await onlyWorker(app)).pid).toBe(worker.pid);
  });
});

/** Speaks to a fresh MCP server: the handshake and one request. */
async function ask(server: ChildProcess, method: string, params: object) {
  const send = (message: object) => server.stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  let said = "";
  server.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const answer = (id: number) =>
    until(`answer ${id}`, () => {
      const messages = said
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line));
      return messages.find((message) => message.id === id)?.result as { structuredContent: Record<string, unknown> };
    });
  const clientInfo = { name: "test", version: "1" };
  send({ id: 1, method: "initialize", params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo } });
  await answer(1);
  send({ method: "notifications/initialized" });
  send({ id: 2, method, params });
  return answer(2);
}

function sessionOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3]);
}

describe("a worker that is killed while a server is open", () => {
  test("in the middle of a checkpoint: another goes on, and only that checkpoint runs again", async () => {
    project.flow("steps", steps);
    await project.serve();
    const app = await project.open();
    const execution = await run(app, "steps", project.root);
    await until("the second checkpoint", () => project.lines("effects").includes("second"));
    // Its start rides a batch of its own, a moment after its body has begun.
    await until("its start on the record", () => app.store.journal.load(execution.seq).length === 2);
    const worker = await onlyWorker(app);
    const killedAt = performance.now();
    kill(worker.pid, "SIGKILL");
    await until("the checkpoint to run again", () => project.lines("effects").length === 3);
    const tookMs = performance.now() - killedAt;
    project.write("gate", "");
    expect(await result(app, execution.id)).toEqual([1, 2, 3]);
    expect(project.lines("effects")).toEqual(["first", "second", "second", "third"]);
    expect((await onlyWorker(app)).pid).not.toBe(worker.pid);
    expect(eventsOf(app, execution).filter((type) => type === "checkpoint_restarted")).toHaveLength(1);
    // About a second on a quiet machine: the server looks once a second and knows that the process is gone.
    expect(tookMs).toBeLessThan(8_000);
    console.info(`recovered after ${Math.round(tookMs)} ms`);
  });

  test("just after an answer was acknowledged: the answer holds", async () => {
    project.flow(
      "asks",
      `
      const before = checkpoint("before", async (dir: string) => { note(dir + "/effects", "before"); });
      export const asks = flow("asks", async (dir: string) => {
        await before(dir);
        return wait({ name: "approve" });
      });`,
    );
    await project.serve();
    const app = await project.open();
    const execution = await run(app, "asks", project.root);
    await waits(app, execution.id);
    const worker = await onlyWorker(app);
    await app.engine.answer(execution.id, { value: "yes" });
    kill(worker.pid, "SIGKILL");
    expect(await result(app, execution.id)).toBe("yes");
    expect(project.lines("effects")).toEqual(["before"]);
  });

  test("during the pause before the next attempt: the pause keeps its length and no attempt is lost", async () => {
    project.flow(
      "flaky",
      `
      const flaky = checkpoint("flaky", async (dir: string) => {
        const { attempt } = checkpointContext();
        note(dir + "/effects", attempt + " " + Date.now());
        if (attempt < 2) throw new Error("not yet");
        return attempt;
      }, { retries: { max: 1, backoff: 2000 } });
      export const retries = flow("retries", (dir: string) => flaky(dir));`,
    );
    await project.serve();
    const app = await project.open();
    const execution = await run(app, "flows/flaky.ts:retries", project.root);
    await reached(app, execution.id, () => eventsOf(app, execution).includes("checkpoint_attempt_failed"));
    kill((await onlyWorker(app)).pid, "SIGKILL");
    expect(await result(app, execution.id)).toBe(2);
    const attempts = project.lines("effects").map((line) => line.split(" ").map(Number));
    expect(attempts.map(([attempt]) => attempt)).toEqual([1, 2]);
    expect((attempts[1]?.[1] ?? 0) - (attempts[0]?.[1] ?? 0)).toBeGreaterThanOrEqual(1_500);
  });

  test("during a sleep: the sleep ends when it should", async () => {
    project.flow(
      "naps",
      `
      const mark = checkpoint("mark", async (dir: string, name: string) => note(dir + "/effects", name + " " + Date.now()));
      export const naps = flow("naps", async (dir: string) => {
        await mark(dir, "before");
        await sleep("2s");
        await mark(dir, "after");
      });`,
    );
    await project.serve();
    const app = await project.open();
    const execution = await run(app, "naps", project.root);
    await reached(app, execution.id, () => eventsOf(app, execution).includes("sleep_started"));
    kill((await onlyWorker(app)).pid, "SIGKILL");
    await result(app, execution.id);
    const [before, after, ...more] = project.lines("effects").map((line) => Number(line.split(" ")[1]));
    expect(more).toEqual([]);
    const sleptMs = (after ?? 0) - (before ?? 0);
    expect(sleptMs).toBeGreaterThanOrEqual(2_000);
    expect(sleptMs).toBeLessThan(8_000);
  });
});

describe("a sleep that ends while no worker lives", () => {
  test("is overdue on the record, and served when a worker is started again", async () => {
    project.flow("naps", `export const naps = flow("naps", async () => { await sleep("1500ms"); return "woke"; });`);
    const worker = project.worker();
    const app = await project.open();
    const execution = await run(app, "naps");
    const { wakeAt } = (await waits(app, execution.id)) as { wakeAt: number };
    worker.kill("SIGKILL");
    await until("the sleep to be over", () => Date.now() > wakeAt + 50);
    expect(app.store.executions.nextWakeAt()).toBe(wakeAt);
    expect(app.store.executions.due(Date.now())).toMatchObject([{ id: execution.id, status: "waiting" }]);
    await project.serve();
    expect(await result(app, execution.id)).toBe("woke");
  });
});
