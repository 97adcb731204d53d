import { expect, test } from "vitest";
import { ModelError } from "../../src/core/model-error.ts";
import { type PlanPorts, type PlanRequest, planDefinition } from "../../src/steps/plan.ts";
import { definitionOf } from "../helpers/definitions.ts";

const ports: PlanPorts = {
  projectRoot: "/project",
  env: { SAVEPOINT_TIMEOUT_LAST: "90", SAVEPOINT_TIMEOUT: "1h" },
  now: () => Date.UTC(2030, 0, 1),
  chooseModel(asked, { step, models }) {
    const own = models.run[step];
    if (own !== undefined) return { model: `test:${own}`, alias: own, why: `models.${step} of the run` };
    if (asked !== undefined) return { model: `test:${asked}`, alias: asked, why: "the call" };
    const { "*": all } = models.flow;
    if (all !== undefined) return { model: `test:${all}`, alias: all, why: "models.* of the flow" };
    throw new ModelError("no_model", `nobody says which model ${step} is to call`, { hint: "Name one." });
  },
};

function plan(text: string, request: Partial<PlanRequest> = {}) {
  return planDefinition(definitionOf(text), { request: { input: {}, models: {}, timeouts: {}, ...request }, ports });
}

test("steps that can run at the same time stand in one level, and the longest line is told", () => {
  const { levels, criticalPath } = plan(`
steps:
  - { id: end, type: emit, event: end, depends_on: [slow, quick] }
  - { id: start, type: emit, event: start }
  - { id: quick, type: emit, event: quick }
  - { id: slow, type: emit, event: slow, depends_on: [start] }
`);
  expect(levels).toEqual([["start", "quick"], ["slow"], ["end"]]);
  expect(criticalPath).toEqual(["start", "slow", "end"]);
});

test("lists within steps have plans and places of their own", () => {
  const { levels, steps } = plan(`
steps:
  - id: fan
    type: parallel
    steps:
      - { id: a, type: emit, event: a }
      - id: which
        type: condition
        field: "{{ date }}"
        operator: exists
        then: [{ id: yes, type: emit, event: yes }, { id: more, type: emit, event: more }]
        else: [{ id: no, type: emit, event: no }]
  - { id: end, type: emit, event: end }
`);
  expect(levels).toEqual([["fan"], ["end"]]);
  expect(steps.map(({ id, path }) => `${path}: ${id}`)).toEqual([
    ...[": fan", "fan: a", "fan: which", "fan/which/then: yes", "fan/which/then: more", "fan/which/else: no", ": end"],
  ]);
  expect(steps[0]?.lists).toEqual({ steps: { levels: [["a", "which"]], criticalPath: ["a"] } });
  expect(steps[2]?.lists["then"]?.levels).toEqual([["yes"], ["more"]]);
});

test("fields are filled in with what is known, and those that need a step say which", () => {
  const { steps } = plan(
    `
inputs: { tag: { type: string, required: true }, to: them }
steps:
  - { id: get, type: http, url: "https://x.test/{{ tag }}", headers: { authorization: "Bearer {{ secrets.api.KEY }}" } }
  - { id: each, type: loop, items: "$.get.body.rows", collect: "{{ item.id }}", steps: [{ id: note, type: emit, event: "{{ to }}", data: ["{{ item.id }}", "$.inputs.to", "{{ steps.get.output.status }}"] }] }
  - { id: asked, type: batch_llm, items: "{{ steps.each.output }}", prompt: "{{ item }} for {{ to }}", model: m }
  - { id: last, type: emit, event: "{{ date }}", data: { project: "{{ project_root }}", id: "{{ execution_id }}" } }
`,
    { input: { tag: "v1" } },
  );
  const [get, each, note, asked, last] = steps;
  expect(get?.gets).toMatchObject({
    url: "https://x.test/v1",
    headers: { authorization: "Bearer (secret api.KEY)" },
  });
  expect(get?.needs).toEqual({});
  expect(each?.needs).toEqual({ items: ["steps.get.output.body.rows"], collect: ["item.id"] });
  expect(note?.gets).toMatchObject({ event: "them", data: ["{{ item.id }}", "them", "{{ steps.get.output.status }}"] });
  expect(note?.needs).toEqual({ data: ["item.id", "steps.get.output.status"] });
  expect(asked?.needs).toEqual({ items: ["steps.each.output"], prompt: ["item"] });
  expect(last?.gets).toMatchObject({ event: "2030-01-01", data: { project: "/project", id: "{{ execution_id }}" } });
  expect(last?.needs).toEqual({ data: ["execution_id"] });
});

test("each step tells its model and its limit, and who decided", () => {
  const { steps, problems } = plan(
    `
models: { "*": cheap }
timeout: 10m
steps:
  - { id: a, type: llm, prompt: x }
  - { id: b, type: llm, prompt: x, model: dear, timeout: 30s, retry: 2, on_error: continue }
  - { id: c, type: llm, prompt: x, model: dear }
  - { id: d, type: agent, prompt: x }
`,
    { models: { c: "chosen" }, timeouts: { c: 1_000 } },
  );
  expect(problems).toEqual([]);
  expect(steps.map(({ model }) => [model?.model, model?.why])).toEqual([
    ["test:cheap", "models.* of the workflow"],
    ["test:dear", "the step"],
    ["test:chosen", "models.c of the run"],
    [null, "the agent's own default"],
  ]);
  expect(steps.map(({ timeout }) => [timeout?.ms, timeout?.why])).toEqual([
    [600_000, "the workflow"],
    [30_000, "the step"],
    [1_000, "timeouts.c of the run"],
    [600_000, "the workflow"],
  ]);
  expect(steps[1]).toMatchObject({ retries: 2, onError: "continue" });
});

test("limits of the environment are those of steps and workflows that have none", () => {
  const text = "steps: [{ id: last, type: shell, command: ls }, { id: other, type: shell, command: ls }]";
  expect(plan(text).steps.map(({ timeout }) => timeout)).toEqual([
    { ms: 90_000, why: "SAVEPOINT_TIMEOUT_LAST" },
    { ms: 3_600_000, why: "SAVEPOINT_TIMEOUT" },
  ]);
});

test("inputs tell their defaults, what steps will see, and what is wrong with them", () => {
  const text = `
inputs: { tag: { type: string, required: true }, n: 3, none: { type: object, default: { a: 1 } } }
steps: [{ id: a, type: emit, event: a, data: "{{ none.deep }}" }]
`;
  const { inputs, problems } = plan(text, { input: { n: "many", other: 1 } });
  expect(inputs).toEqual(
    [
      ...[{ name: "tag", type: "string", isRequired: true, default: null, isProvided: false, value: null }],
      ...[{ name: "n", type: "integer", isRequired: false, default: 3, isProvided: true, value: "many" }],
      ...[{ name: "none", type: "object", isRequired: false, default: { a: 1 }, isProvided: false, value: { a: 1 } }],
    ].map((one, at) => ({ ...one, problems: [["it is missing"], ["must be integer"], []][at] })),
  );
  expect(problems.map(({ severity, where, message }) => `${severity} ${where}: ${message}`)).toEqual([
    expect.stringContaining("error input: "),
    expect.stringContaining("error input: "),
    expect.stringContaining("error input: "),
    "warning steps.a.data: {{ none.deep }} holds nothing",
  ]);
});

test("what needs an input that is missing stands as it is written", () => {
  const text = `
inputs: { tag: { type: string, required: true } }
steps: [{ id: a, type: emit, event: "{{ tag }}", data: ["$.inputs.tag", "{{ inputs.tag }}.md"] }]
`;
  const [step] = plan(text).steps;
  expect(step?.gets).toEqual({ event: "{{ tag }}", data: ["$.inputs.tag", "{{ inputs.tag }}.md"] });
  expect(step?.needs).toEqual({ event: ["inputs.tag"], data: ["inputs.tag"] });
});

test("a model that nobody names is a problem of its step", () => {
  expect(plan("steps: [{ id: a, type: llm, prompt: x }]").problems).toEqual([
    { severity: "error", where: "steps.a.model", message: "nobody says which model a is to call", hint: "Name one." },
  ]);
});
