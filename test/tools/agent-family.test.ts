import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ExecutionView } from "../../src/tools/execution-schema.ts";
import { ToolProject } from "./project.ts";

let project: ToolProject;
beforeEach(() => {
  project = new ToolProject({
    "flows/asking.ts": `import { checkpoint, flow, wait } from "savepoint";
const fails = checkpoint("fails", async () => { throw new Error("no"); });
export const asking = flow("asking", async () => wait({ name: "go" }));
export const failing = flow("failing", async () => fails());
`,
  });
});
afterEach(() => project.close());

/** From here on calls come from an agent that works for the execution. */
async function asAgentOf({ execution_id }: ExecutionView): Promise<void> {
  const env = {
    ...process.env,
    SAVEPOINT_CONFIG_HOME: `${project.root}/home`,
    SAVEPOINT_PARENT_EXECUTION_ID: execution_id,
  };
  project.use(await project.open({ env }));
}

const asking = { target: "flows/asking.ts:asking" };
const failing = { target: "flows/asking.ts:failing" };

test("what an agent runs and replays stands below the execution that it works for", async () => {
  const mine = await project.call("executions_run", asking);
  const other = await project.call("executions_run", asking);
  await asAgentOf(mine);
  const child = await project.call("executions_run", asking);
  const below = await project.call("executions_run", { ...asking, parent_execution_id: child.execution_id });
  expect([child.parent_execution_id, below.parent_execution_id]).toEqual([mine.execution_id, child.execution_id]);
  const error = await project.error("executions_run", { ...asking, parent_execution_id: other.execution_id });
  expect(error).toMatchObject({ code: "forbidden", hint: expect.stringContaining("Leave parent_execution_id out.") });
  const replay = await project.call<{ execution: ExecutionView }>("executions_replay", {
    execution_id: other.execution_id,
  });
  expect(replay.execution.parent_execution_id).toBe(mine.execution_id);
  const { children } = await project.call("executions_get", { execution_id: mine.execution_id });
  expect(children.map(({ depth }) => depth)).toEqual([1, 2, 1]);
});

test("an agent retries what stands below its execution, and nothing else", async () => {
  const mine = await project.call("executions_run", asking);
  const foreign = await project.call("executions_run", failing);
  await asAgentOf(mine);
  const own = await project.call("executions_run", { ...failing, wait_seconds: 10 });
  expect(own.status).toBe("failed");
  await project.call("executions_retry", { execution_id: own.execution_id });
  const error = await project.error("executions_retry", { execution_id: foreign.execution_id });
  expect(error).toMatchObject({ code: "forbidden", message: expect.stringContaining("cannot be retried by an agent") });
});

test("an agent answers the questions of its children, and raises no limit", async () => {
  const mine = await project.call("executions_run", asking);
  project.write(
    "flows/limited.ts",
    `import { flow, llm } from "savepoint";
export const limited = flow("limited", async () => llm("Hello", { model: "ollama:none" }));
`,
  );
  const limited = await project.call("executions_run", {
    target: "flows/limited.ts:limited",
    guardrails: { max_tokens: 5, on_exceed: "ask" },
    wait_seconds: 10,
  });
  const [raise] = limited.pending_waits;
  expect(raise).toMatchObject({ name: "raise_max_tokens", schema: { examples: [expect.any(Number)] } });
  await asAgentOf(mine);
  const child = await project.call("executions_run", asking);
  const answered = await project.call("executions_input", { execution_id: child.execution_id, value: true });
  await vi.waitFor(async () =>
    expect(await project.call("executions_get", { execution_id: answered.execution_id })).toMatchObject({
      status: "completed",
    }),
  );
  for (const wait of [undefined, "raise_max_tokens", "raise_max_tokens[5]", "raise_max_tokens#1", raise?.wait_id]) {
    const error = await project.error("executions_input", { execution_id: limited.execution_id, wait, value: 1e6 });
    expect(error).toMatchObject({
      code: "forbidden",
      message: "a limit is raised by a person, not by an agent that it limits",
    });
  }
});
