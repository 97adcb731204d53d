import { afterAll, beforeAll, expect, test } from "vitest";
import { reviewFlow, ToolProject } from "./project.ts";

let project: ToolProject;
beforeAll(() => {
  project = new ToolProject({
    "flows/review.ts": reviewFlow,
    "workflows/notes.yaml": `
inputs: { tag: { type: string, required: true } }
timeout: 5m
steps:
  - { id: write, type: llm, prompt: "About {{ tag }}", model: "anthropic:claude-sonnet-5-5" }
  - { id: keep, type: write_file, path: "{{ tag }}.md", content: "{{ steps.write.output }}" }
`,
    "workflows/wrong.yaml": "steps: [{ id: a, type: emit }]",
  });
});
afterAll(() => project.close());

const plan = (args: object) => project.call<Record<string, unknown>>("workflows_plan", args);

test("a run of a definition is planned with its models, its limits and what its steps would get", async () => {
  const planned = await plan({ workflow: "notes", input: { tag: "v1" }, timeouts: { keep: "10s" } });
  expect(planned).toMatchObject({
    workflow: "notes",
    kind: "definition",
    target: "workflows/notes.yaml",
    valid: true,
    inputs: [{ name: "tag", required: true, provided: true, value: "v1", problems: [] }],
    levels: [["write"], ["keep"]],
    critical_path: ["write", "keep"],
    steps: [
      {
        id: "write",
        model: { model: "anthropic:claude-sonnet-5-5", alias: null, why: "the step" },
        timeout_ms: 300_000,
        timeout_from: "the workflow",
        gets: { prompt: "About v1" },
        needs: {},
      },
      {
        id: "keep",
        model: null,
        timeout_ms: 10_000,
        timeout_from: "timeouts.keep of the run",
        gets: { path: "v1.md", content: "{{ steps.write.output }}" },
        needs: { content: ["steps.write.output"] },
      },
    ],
    problems: [],
  });
  const { items } = await project.call<{ items: unknown[] }>("executions_list");
  expect(items).toEqual([]);
});

test("what would keep it from running is told and is no error of the call", async () => {
  expect(await plan({ workflow: "notes", input: {} })).toMatchObject({
    valid: false,
    inputs: [{ name: "tag", problems: ["it is missing"] }],
    problems: [{ severity: "error", where: "input", message: expect.stringContaining("tag") }],
  });
  expect(await plan({ workflow: "workflows/wrong.yaml" })).toMatchObject({
    valid: false,
    steps: [],
    problems: [{ severity: "error", where: expect.stringContaining("workflows/wrong.yaml:1:") }],
  });
  expect(await plan({ workflow: "notes", input: { tag: "v1" }, models: { wriet: "x" } })).toMatchObject({
    valid: false,
    problems: [{ where: "models.wriet", hint: expect.stringContaining("write") }],
  });
});

test("of a flow its input, its checkpoints and its options are known", async () => {
  for (const workflow of ["review", "flows/review.ts:review"]) {
    expect(await plan({ workflow, input: { topic: 1 } })).toMatchObject({
      kind: "flow",
      target: "flows/review.ts",
      valid: false,
      inputs: [
        { name: "topic", required: true, value: 1, problems: [expect.stringContaining("string")] },
        { name: "tone", required: false, provided: false },
      ],
      checkpoints: ["draft"],
      problems: [{ where: "input" }],
    });
  }
});

test("a workflow that there is not is an error that names the nearest", async () => {
  expect(await project.error("workflows_plan", { workflow: "ntoes" })).toMatchObject({
    code: "not_found",
    hint: expect.stringContaining("notes"),
  });
});
