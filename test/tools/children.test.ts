import { afterEach, beforeEach, expect, test } from "vitest";
import type { ExecutionView } from "../../src/tools/execution-schema.ts";
import { type List, ToolProject } from "./project.ts";

const files = {
  "flows/family.ts": `
import { flow, wait } from "savepoint";
import { helper } from "./parts.ts";
const hidden = flow("hidden", async (n: number) => n * 10);
export const top = flow("top", async () => {
  const [a, b] = await Promise.all([hidden.run(1), helper.run({ n: 2 })]);
  return [await a.result(), await b.result()];
});
export const asking = flow("asking", async () => wait({ name: "go" }));
`,
  "flows/parts.ts": `
import { flow, wait } from "savepoint";
const leaf = flow("leaf", async () => wait({ name: "approve", question: "Go on?" }));
export const helper = flow("helper", async ({ n }: { n: number }) => [n, await (await leaf.run(undefined)).result()]);
`,
};

let project: ToolProject;
beforeEach(() => {
  project = new ToolProject(files);
});
afterEach(() => project.close());

test("children may be flows that the file neither exports nor holds itself; executions_get shows the tree and what to do", async () => {
  const started = await project.call("executions_run", { target: "flows/family.ts:top", wait_seconds: 0 });
  let view: ExecutionView = started;
  for (let i = 0; i < 100 && !(view.status === "waiting" && view.children.length === 3); i++) {
    view = await project.call("executions_get", { execution_id: started.execution_id, wait_seconds: 0.1 });
  }
  expect(view.children.map(({ workflow, depth }) => [workflow, depth])).toEqual([
    ["hidden", 1],
    ["helper", 1],
    ["leaf", 2],
  ]);
  const leaf = view.children[2]?.execution_id ?? "";
  expect(view.next).toContain(leaf);
  const byParents = await project.call<List<{ workflow: string }>>("executions_list", { trigger: "parent" });
  expect(byParents.items.map(({ workflow }) => workflow)).toEqual(["leaf", "helper", "hidden"]);
  const inbox = await project.call<List<{ execution_id: string }>>("executions_waits");
  expect(inbox.items.map((item) => item.execution_id)).toEqual([leaf]);
  await project.call("executions_input", { execution_id: leaf, value: "yes", wait_seconds: 0 });
  const ended = await project.call("executions_get", { execution_id: started.execution_id, wait_seconds: 10 });
  expect(ended).toMatchObject({ status: "completed", result: [10, [2, "yes"]] });
  const events = await project.call<List<{ type: string }>>("executions_events", {
    execution_id: started.execution_id,
  });
  expect(events.items.map(({ type }) => type).filter((type) => type.startsWith("child_"))).toEqual([
    "child_started",
    "child_started",
    "child_completed",
    "child_completed",
  ]);
});

test("a child that its file does not export is replayed by itself, and the plan of a family's replay names its children", async () => {
  const started = await project.call("executions_run", { target: "flows/family.ts:top", wait_seconds: 0 });
  let view: ExecutionView = started;
  for (let i = 0; i < 100 && view.children[0]?.status !== "completed"; i++) {
    view = await project.call("executions_get", { execution_id: started.execution_id, wait_seconds: 0.1 });
  }
  const hidden = view.children[0]?.execution_id ?? "";
  const { execution } = await project.call<{ execution: ExecutionView }>("executions_replay", {
    execution_id: hidden,
    input: 7,
    wait_seconds: 10,
  });
  expect(execution).toMatchObject({ status: "completed", result: 70, parent_execution_id: null });
  await project.call("executions_cancel", { execution_id: started.execution_id });
  const { plan } = await project.call<{ plan: object }>("executions_replay", {
    execution_id: started.execution_id,
    dry_run: true,
  });
  expect(plan).toMatchObject({ children_reused: [], children_started: ["hidden", "helper"] });
  const refused = await project.error("executions_replay", { execution_id: started.execution_id, from: "helper" });
  expect(refused).toMatchObject({ code: "invalid_input", hint: expect.stringContaining("Replay the child itself") });
});

test("whoever answers a parent is told which of its children asks", async () => {
  const started = await project.call("executions_run", { target: "flows/family.ts:top", wait_seconds: 10 });
  const error = await project.error("executions_input", { execution_id: started.execution_id, value: 1 });
  const { items } = await project.call<List<{ execution_id: string }>>("executions_waits");
  expect(error).toMatchObject({ code: "invalid_state", hint: expect.stringContaining(items[0]?.execution_id ?? "") });
});

test("an execution started with a parent is shown below it, and cancelled with it", async () => {
  const parent = await project.call("executions_run", { target: "flows/family.ts:asking" });
  const child = await project.call("executions_run", {
    target: "flows/family.ts:asking",
    parent_execution_id: parent.execution_id,
  });
  expect(child.parent_execution_id).toBe(parent.execution_id);
  const listed = await project.call<List<{ execution_id: string }>>("executions_list", {
    parent_execution_id: parent.execution_id,
  });
  expect(listed.items.map((item) => item.execution_id)).toEqual([child.execution_id]);
  const cancelled = await project.call("executions_cancel", { execution_id: parent.execution_id });
  expect(cancelled.children).toEqual([
    { execution_id: child.execution_id, workflow: "asking", status: "cancelled", depth: 1, pending_waits: 0 },
  ]);
  const late = await project.error("executions_run", {
    target: "flows/family.ts:asking",
    parent_execution_id: parent.execution_id,
  });
  expect(late).toMatchObject({ code: "invalid_state", hint: expect.stringContaining("SAVEPOINT_PARENT_EXECUTION_ID") });
});

test("a process that works for an execution starts its children, and one of another project does not", async () => {
  const parent = await project.call("executions_run", { target: "flows/family.ts:asking" });
  const env = (id: string) => ({
    ...process.env,
    SAVEPOINT_CONFIG_HOME: `${project.root}/home`,
    SAVEPOINT_PARENT_EXECUTION_ID: id,
  });
  project.use(await project.open({ env: env(parent.execution_id) }));
  const child = await project.call("executions_run", { target: "flows/family.ts:asking", wait_seconds: 0 });
  expect(child.parent_execution_id).toBe(parent.execution_id);
  project.use(await project.open({ env: env("0190aaaa-0000-7000-8000-000000000000") }));
  const alone = await project.call("executions_run", { target: "flows/family.ts:asking", wait_seconds: 0 });
  expect(alone.parent_execution_id).toBeNull();
});
