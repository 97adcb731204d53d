import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExecutionView } from "../../src/tools/execution-schema.ts";
import { type RunningServer, startServer } from "../http/process.ts";
import { TestProject } from "../processes/project.ts";
import { openSurface, type Surface, surfaceNames } from "./surfaces.ts";

let project: TestProject;
let server: RunningServer;
beforeAll(async () => {
  project = new TestProject();
  project.write(
    "flows/review.ts",
    `import { checkpoint, flow, wait } from "savepoint";
import { z } from "zod";
const draft = checkpoint("draft", async (topic: string) => "Draft for " + topic);
export const review = flow("review", async ({ topic }: { topic: string }) => {
  const text = await draft(topic);
  const approved = await wait({ name: "approve", question: "Publish it?", schema: z.boolean() });
  return approved ? text : "Rejected";
}, { input: z.strictObject({ topic: z.string() }) });
`,
  );
  server = await startServer(project);
});
afterAll(() => project.close());

/** What is the same story on every surface: run, wait, answer, replay with one output changed, cancel. */
describe.each(surfaceNames)("%s", (name) => {
  let surface: Surface;
  beforeAll(async () => {
    surface = await openSurface(name, project, server);
  });
  afterAll(() => surface.close());

  async function call<T = ExecutionView>(operation: string, args: Record<string, unknown>): Promise<T> {
    const outcome = await surface.call(operation, args);
    if (outcome.ok) return outcome.value as T;
    throw new Error(`${operation}: ${JSON.stringify(outcome.error)}`);
  }

  test("runs a workflow, tells what it asks, answers it, replays it and cancels it", async () => {
    const run = await call("executions_run", {
      target: "review",
      input: { topic: "tea" },
      tags: ["a", "b"],
      wait_seconds: 20,
    });
    expect(run).toMatchObject({
      status: "waiting",
      tags: ["a", "b"],
      pending_waits: [{ name: "approve", question: "Publish it?" }],
    });
    const { execution_id } = run;

    const { items } = await call<{ items: { execution_id: string; name: string }[] }>("executions_waits", {
      execution_id,
    });
    expect(items).toMatchObject([{ execution_id, name: "approve" }]);

    const answered = await call("executions_input", { execution_id, value: true, wait_seconds: 20 });
    expect(answered).toMatchObject({ status: "completed", result: "Draft for tea" });

    const replayed = await call<{ execution: ExecutionView; plan: unknown }>("executions_replay", {
      execution_id,
      overrides: { "checkpoint.draft": "Another draft" },
      wait_seconds: 20,
    });
    expect(replayed).toMatchObject({
      execution: { status: "waiting", replayed_from: execution_id },
      plan: { overridden: ["draft"] },
    });

    const cancelled = await call("executions_cancel", { execution_id: replayed.execution.execution_id });
    expect(cancelled).toMatchObject({ status: "cancelled" });
    const again = await call("executions_get", { execution_id: cancelled.execution_id, detail: "full" });
    expect(again).toMatchObject({
      status: "cancelled",
      checkpoints: [{ selector: "draft", origin: "overridden", output: "Another draft" }],
    });
  });

  test("tells a mistake in the same words", async () => {
    const outcome = await surface.call("executions_run", { target: "revew", input: { topic: "tea" } });
    expect(outcome).toMatchObject({ ok: false, error: { code: "not_found", hint: expect.stringContaining("review") } });
  });

  test("keeps a failed answer from changing anything", async () => {
    const { execution_id } = await call("executions_run", {
      target: "review",
      input: { topic: "tea" },
      wait_seconds: 20,
    });
    const outcome = await surface.call("executions_input", { execution_id, value: "yes" });
    expect(outcome).toMatchObject({
      ok: false,
      error: { code: "invalid_input", message: expect.stringContaining("value") },
    });
    expect(await call("executions_get", { execution_id })).toMatchObject({ status: "waiting" });
    await call("executions_cancel", { execution_id });
  });
});
