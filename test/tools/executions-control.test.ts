import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { flowFile, ToolProject } from "./project.ts";

let project: ToolProject;
beforeAll(() => {
  project = new ToolProject({
    "flows/shaky.ts": flowFile(`
import { existsSync } from "node:fs";
const steady = checkpoint("steady", async () => "kept");
const shaky = checkpoint("shaky", async (flag: string) => {
  if (!existsSync(flag)) throw new Error("the service at " + flag + " is down");
  return "up";
});
export const shakyFlow = flow("shaky", async ({ flag }: { flag: string }) => [await steady(), await shaky(flag)]);
export const bug = flow("bug", async () => { await steady(); throw new TypeError("no such thing"); });
const wrong = checkpoint("wrong", async () => () => 1);
export const repeats = flow("repeats", async () => wrong());
export const leaves = flow("leaves", async () => { void wait({ name: "open" }); await steady(); throw new Error("left"); });
export const idle = flow("idle", async () => wait({ name: "go" }));
`),
  });
});
afterAll(() => project.close());

async function failedIn(id: string) {
  return vi.waitFor(async () => {
    const view = await project.call("executions_get", { execution_id: id });
    expect(view.status).toBe("failed");
    return view;
  }, 5_000);
}

describe("executions_retry", () => {
  test("runs what failed again under the same id, and keeps what completed", async () => {
    const flag = join(project.root, "service");
    const failed = await project.call("executions_run", { target: "shaky", input: { flag } });
    expect(failed).toMatchObject({
      status: "failed",
      attempt: 1,
      failure: { code: "checkpoint_failed", origin: "user_code", checkpoint: "shaky" },
      counts: { failed: 1, completed: 1 },
    });
    expect(failed.failure?.message).toContain("the service at service is down");
    expect(JSON.stringify(failed)).not.toContain(project.root);
    expect(failed.next).toContain(`executions_logs {"execution_id":"${failed.execution_id}"}`);
    expect(failed.next).toContain(`executions_retry {"execution_id":"${failed.execution_id}"}`);
    writeFileSync(flag, "");
    expect(existsSync(flag)).toBe(true);
    const retried = await project.call("executions_retry", { execution_id: failed.execution_id });
    expect(retried).toMatchObject({ execution_id: failed.execution_id, attempt: 2, ended_at: null });
    const done = await project.call("executions_get", { execution_id: failed.execution_id, wait_seconds: 10 });
    expect(done).toMatchObject({ status: "completed", result: ["kept", "up"], attempt: 2 });
  });

  test("is not offered, and refused, where the flow's own code failed", async () => {
    const failed = await project.call("executions_run", { target: "bug" });
    expect(failed).toMatchObject({ status: "failed", failure: { message: "no such thing", checkpoint: null } });
    expect(failed.failure).not.toHaveProperty("stack");
    expect(failed.next).not.toContain("executions_retry");
    expect(failed.next).toContain(`executions_replay {"execution_id":"${failed.execution_id}","code":"current"}`);
    const error = await project.error("executions_retry", { execution_id: failed.execution_id });
    expect(error).toMatchObject({ code: "invalid_state", hint: expect.stringContaining("executions_replay") });
  });

  test.each(["repeats", "leaves"])("is not offered where the same code would fail the same way: %s", async (target) => {
    const failed = await project.call("executions_run", { target });
    expect(failed.status).toBe("failed");
    expect(failed.next).not.toContain("executions_retry");
    expect(failed.next).toContain(`executions_replay {"execution_id":"${failed.execution_id}","code":"current"}`);
  });

  test("is offered to an execution that ran out of time, and taken", async () => {
    const failed = await project.call("executions_run", { target: "idle", timeout: 0.3, wait_seconds: 10 });
    expect((await failedIn(failed.execution_id)).next).toContain("executions_retry");
    const retried = await project.call("executions_retry", { execution_id: failed.execution_id });
    expect(retried.attempt).toBe(2);
  });

  test("is refused for an execution that has not failed", async () => {
    const { execution_id: id } = await project.call("executions_run", { target: "idle" });
    const error = await project.error("executions_retry", { execution_id: id });
    expect(error).toMatchObject({ code: "invalid_state", details: { status: "waiting" } });
  });
});

describe("executions_cancel", () => {
  test("ends an execution, closes its wait, and changes nothing the second time", async () => {
    const { execution_id: id } = await project.call("executions_run", { target: "idle" });
    const cancelled = await project.call("executions_cancel", { execution_id: id });
    expect(cancelled).toMatchObject({ status: "cancelled", pending_waits: [], failure: { code: "cancelled" } });
    expect(cancelled.next).toContain("executions_replay");
    const again = await project.call("executions_cancel", { execution_id: id });
    expect(again.ended_at).toBe(cancelled.ended_at);
    const full = await project.call("executions_get", { execution_id: id, detail: "full" });
    expect(full.waits).toMatchObject([{ name: "go", status: "aborted" }]);
    expect(await project.error("executions_input", { execution_id: id, value: 1 })).toMatchObject({
      code: "invalid_state",
    });
  });

  test("is refused for an execution that has ended by itself", async () => {
    const { execution_id: id } = await project.call("executions_run", { target: "bug" });
    expect(await project.error("executions_cancel", { execution_id: id })).toMatchObject({ code: "invalid_state" });
  });
});

test("a paused execution says that it is paused, and that answers do not move it", async () => {
  const { execution_id: id } = await project.call("executions_run", { target: "idle" });
  await (await project.app()).engine.pause(id);
  const paused = await project.call("executions_get", { execution_id: id, wait_seconds: 20 });
  expect(paused.status).toBe("paused");
  expect(paused.next).toContain("paused");
});
