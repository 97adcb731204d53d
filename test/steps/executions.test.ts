import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { dist, TestProject, until } from "../processes/project.ts";

let project: TestProject;
let app: App;
beforeEach(async () => {
  project = new TestProject();
  project.write("workflows/edited.md", asking("before"));
  app = await project.open();
});
afterEach(() => project.close());

const asking = (word: string) => `---
inputs: { who: nobody }
steps:
  - { id: first, type: emit, event: first, data: "${word} {{ who }}" }
  - { id: ask, type: human, question: "${word}?", options: [yes, no] }
  - id: choice
    type: condition
    field: $.ask.option
    operator: eq
    value: yes
    then: [{ id: taken, type: emit, event: taken, data: "${word}: {{ steps.first.output }}" }]
    else: [{ id: refused, type: emit, event: refused, data: "not {{ steps.first.output }}" }]
outputs: "{{ steps.taken.output }}{{ steps.refused.output }}"
---
`;

/** What these tests look at of an answer. */
interface Answer {
  execution_id: string;
  execution: Answer;
  items: unknown[];
  children: { workflow: string; execution_id: string; pending_waits: number }[];
  checkpoints: { selector: string; status: string; origin: string | null }[];
  pending_waits: { question: string }[];
  result: unknown;
  ended_at: string | null;
}

/** An operation as every surface calls it. */
async function call(name: string, args: Record<string, unknown>): Promise<Answer> {
  const { callOperation } = (await import(
    new URL("tools/call.js", dist).href
  )) as typeof import("../../src/tools/call.ts");
  const signal = new AbortController().signal;
  const outcome = await callOperation({ app, signal, onProblem: () => {} }, name, args);
  if (!outcome.ok) throw Object.assign(new Error(outcome.error.message), outcome.error);
  return outcome.value as unknown as Answer;
}

describe("an execution of a definition", () => {
  test("finishes on the file that it started with, and a replay takes the current one when asked to", async () => {
    project.worker();
    const { execution_id } = await call("executions_run", {
      target: "edited",
      input: { who: "ada" },
      wait_seconds: 20,
    });
    project.write("workflows/edited.md", asking("after"));
    const ended = await call("executions_input", { execution_id, value: "yes", wait_seconds: 20 });
    expect(ended).toMatchObject({ status: "completed", result: "before: before ada", target: "workflows/edited.md" });
    const current = { execution_id, code: "current", wait_seconds: 20 };
    const { execution } = await call("executions_replay", current);
    expect(execution.pending_waits[0]?.question).toBe("after?");
  });

  test("goes the other way in a replay that says so", async () => {
    project.worker();
    const { execution_id } = await call("executions_run", { target: "edited", wait_seconds: 20 });
    await call("executions_input", { execution_id, value: "yes", wait_seconds: 20 });
    const replay = { execution_id, from: "choice", overrides: { "checkpoint.choice": "else" }, reuse_answers: true };
    const { execution } = await call("executions_replay", { ...replay, wait_seconds: 20 });
    expect(execution).toMatchObject({ status: "completed", result: "not before nobody" });
    const states = Object.fromEntries(execution.checkpoints.map((one) => [one.selector, one.origin ?? one.status]));
    expect(states).toEqual({ first: "replayed", choice: "overridden", taken: "skipped", refused: "executed" });
  });

  test("that fails says at which step, and a retry goes on there", async () => {
    project.write(
      "workflows/failing/workflow.yaml",
      `steps:
  - { id: begin, type: emit, event: begun, data: 1 }
  - id: each
    type: loop
    items: [a, b]
    steps: [{ id: fragile, type: function, function: fragile, args: { item: "{{ item }}", file: "{{ project_root }}/mended" } }]
`,
    );
    project.write(
      "workflows/failing/tools.ts",
      `import { existsSync } from "node:fs";
export function fragile({ item, file }: { item: string; file: string }) {
  if (item === "b" && !existsSync(file)) throw new Error("b is broken");
  return item;
}`,
    );
    project.worker();
    const failed = await call("executions_run", { target: "failing", wait_seconds: 20 });
    expect(failed).toMatchObject({
      status: "failed",
      failed_step: "fragile",
      failure: { checkpoint: "each[1]/fragile", message: "step fragile: b is broken" },
    });
    project.write("mended", "");
    await call("executions_retry", { execution_id: failed.execution_id });
    const retried = await call("executions_get", { execution_id: failed.execution_id, wait_seconds: 20 });
    expect(retried).toMatchObject({ status: "completed", result: ["a", "b"], failed_step: null });
    expect(retried.checkpoints.map((one) => `${one.selector} ${one.status}`)).toEqual([
      "begin completed",
      "each[0]/fragile completed",
      "each[1]/fragile completed",
    ]);
  });

  test("starts other workflows as children, each on the version that was there, and passes their failures on", async () => {
    project.write(
      "flows/double.ts",
      `import { flow } from "savepoint";
import { z } from "zod";
export const double = flow("double", async ({ n }: { n: number }) => n * 2, { input: z.strictObject({ n: z.number() }) });`,
    );
    project.write(
      "workflows/parent.yaml",
      `inputs: { n: 2 }
steps:
  - { id: one, type: workflow, workflow: double, input: { n: "{{ n }}" } }
  - { id: two, type: workflow, workflow: edited, input: { who: "number {{ steps.one.output.result }}" } }
  - { id: wrong, type: workflow, workflow: double, input: { n: many }, on_error: continue }
outputs: ["{{ steps.one.output.result }}", "{{ steps.two.output.result }}", "{{ steps.wrong.error.message }}"]
`,
    );
    project.worker();
    const parent = await call("executions_run", { target: "parent", wait_seconds: 20 });
    const { execution_id } = parent;
    const child = await until("the second child to ask", async () => {
      const { children } = await call("executions_get", { execution_id });
      return children.find((one) => one.workflow === "edited" && one.pending_waits > 0);
    });
    await call("executions_input", { execution_id: child.execution_id, value: "no", wait_seconds: 20 });
    const ended = await call("executions_get", { execution_id, wait_seconds: 20 });
    expect(ended).toMatchObject({ status: "completed" });
    expect(ended.result).toEqual([4, "not before number 4", expect.stringContaining("n: must be number")]);
  });

  test("takes what a replay says of a step in the form of the step's output, and starts no child for it", async () => {
    project.write("workflows/kid.yaml", "steps: [{ id: a, type: set, value: 1 }]\n");
    project.write(
      "workflows/outer.yaml",
      `steps:
  - { id: kid, type: workflow, workflow: kid }
  - { id: gate, type: condition, field: $.kid.result, operator: eq, value: 1, then: [{ id: one, type: set, value: one }] }
  - { id: each, type: loop, items: [1], steps: [{ id: last, type: set, value: "{{ steps.kid.output.result }}" }] }
`,
    );
    project.worker();
    const { execution_id } = await call("executions_run", { target: "outer", wait_seconds: 20 });
    const replay = (overrides: object) => call("executions_replay", { execution_id, overrides, wait_seconds: 20 });
    const { execution } = await replay({ "checkpoint.kid": { result: "over" } });
    expect(execution).toMatchObject({ status: "completed", result: ["over"], children: [] });
    const { execution: other } = await replay({ "checkpoint.gate": "maybe" });
    expect(other).toMatchObject({ status: "failed", failed_step: "gate", failure: { code: "bad_override" } });
    await expect(replay({ "checkpoint.each": [2] })).rejects.toMatchObject({
      code: "invalid_input",
      hint: expect.stringContaining('"checkpoint.each[0]/step"'),
    });
  });

  test("ends when a branch has failed: nothing begins beside it, and nobody is waited for", async () => {
    project.write(
      "workflows/doomed.yaml",
      `steps:
  - id: both
    type: parallel
    steps:
      - { id: fails, type: shell, command: "sleep 0.4; exit 3" }
      - id: loops
        type: loop
        items: [1, 2, 3, 4, 5, 6]
        steps: [{ id: slow, type: shell, command: "sleep 0.3; echo {{ item }} >> {{ project_root }}/begun" }]
      - { id: ask, type: human, question: "ok?", options: [yes] }
`,
    );
    project.worker();
    const failed = await call("executions_run", { target: "doomed", wait_seconds: 20 });
    const { execution_id } = failed;
    const look = () => call("executions_get", { execution_id, detail: "full" });
    const ended = await until("its end", async () => {
      const now = await look();
      return now.ended_at === null ? undefined : now;
    });
    expect(ended).toMatchObject({ status: "failed", failed_step: "fails", failure: { code: "exit_code" } });
    expect(ended).toMatchObject({ pending_waits: [], waits: [{ name: "ask", status: "aborted" }] });
    expect(project.lines("begun")).toEqual(["1", "2"]);
    expect(ended.checkpoints.map(({ selector, status }) => `${selector} ${status}`)).toEqual([
      "fails failed",
      "loops[0]/slow completed",
      "loops[1]/slow completed",
    ]);
  });

  test("with mistakes is refused with all of them, and nothing is started", async () => {
    project.write(
      "workflows/wrong.md",
      `---
steps:
  - { id: a, type: emit, event: x, data: "{{ steps.later.output }}" }
  - { id: b, type: shel, command: ls }
---
`,
    );
    const run = call("executions_run", { target: "wrong" });
    await expect(run).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("workflows/wrong.md:3:"),
      details: {
        problems: [{ code: "unknown_step" }, { code: "unknown_type", hint: 'Did you mean "shell" or "set"?' }],
      },
    });
    expect((await call("executions_list", {})).items).toEqual([]);
  });

  test("takes models and timeouts only for steps that it has", async () => {
    const run = call("executions_run", { target: "edited", timeouts: { frist: "5s" } });
    await expect(run).rejects.toMatchObject({ code: "invalid_input", hint: 'Did you mean "first"?' });
    const model = call("executions_run", { target: "edited", models: { first: "fast" } });
    await expect(model).rejects.toThrow("models.first: steps of the type emit ask no model");
  });
});
