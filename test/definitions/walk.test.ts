import { expect, test } from "vitest";
import { fallsThrough } from "../../src/definitions/graph/links.ts";
import { withDefaults } from "../../src/definitions/model/inputs.ts";
import type { ConditionStep, Step } from "../../src/definitions/model/steps.ts";
import { validateDefinition } from "../../src/definitions/validate.ts";
import { evaluateCondition } from "../../src/definitions/values/conditions.ts";
import type { Scope, StepRecord } from "../../src/definitions/values/scope.ts";
import { compileValue } from "../../src/definitions/values/value.ts";

const text = `
inputs: { limit: 3, rows: [1, 2, 3, 4] }
steps:
  - { id: start, type: emit, event: start, data: "{{ limit }}" }
  - id: each
    type: loop
    items: "{{ inputs.rows }}"
    collect: "{{ steps.small.output }}{{ steps.large.output }}"
    steps:
      - id: which
        type: condition
        field: $.item
        operator: lt
        value: "{{ limit }}"
        then: [{ id: small, type: emit, event: "small {{ item }}", data: "s{{ item }}" }]
        else: [{ id: large, type: emit, event: "large {{ loop_index }}", data: "l{{ item }}" }]
  - { id: again, type: emit, event: again, data: ["{{ steps.enough.output }}", "$.each[0]"] }
  - { id: enough, type: condition, field: $.enough, operator: exists, then_step: end, else_step: again }
  - { id: end, type: emit, event: end, data: "{{ steps.each.output }}" }
outputs: { rows: "{{ steps.each.output }}", last: $.end }
`;

test("the model, its values and its conditions are all that an interpreter needs", () => {
  const { definition, problems } = validateDefinition({ path: "walk.yaml", text });
  expect(problems).toEqual([]);
  if (definition === undefined) return;
  const events: string[] = [];
  const builtIns = { date: "", datetime: "", time: "", weekday: "", project_root: "", execution_id: "" };
  const scope: Running = { inputs: withDefaults(definition.inputs, {}), steps: {}, builtIns };
  walk(definition.steps, scope, events);
  expect(events).toEqual(["start", "small 1", "small 2", "large 2", "large 3", "again", "again", "end"]);
  expect(compileValue(definition.outputs).render(scope)).toEqual({
    rows: ["s1", "s2", "l3", "l4"],
    last: ["s1", "s2", "l3", "l4"],
  });
});

type Running = Scope & { steps: Record<string, StepRecord> };

/** As little of an interpreter as the definition above needs. */
function walk(steps: readonly Step[], scope: Running, events: string[]): void {
  for (let index = 0; index < steps.length; ) {
    const step = steps[index];
    if (step === undefined) return;
    const { output, target } = run(step, scope, events);
    scope.steps[step.id] = { output, status: "completed" };
    const jump = target ?? (fallsThrough(step) ? undefined : step.next_step);
    index = jump === undefined ? index + 1 : steps.findIndex(({ id }) => id === jump);
  }
}

function run(step: Step, scope: Running, events: string[]): { output: unknown; target?: string | undefined } {
  switch (step.type) {
    case "emit":
      events.push(String(compileValue(step.event).render(scope)));
      return { output: compileValue(step.data).render(scope) };
    case "condition":
      return branch(step, scope, events);
    case "loop": {
      const items = compileValue(step.items).render(scope);
      const output = (Array.isArray(items) ? items : []).map((item: unknown, loop_index) => {
        const inner = { ...scope, steps: { ...scope.steps }, locals: { [step.item_variable]: item, loop_index } };
        walk(step.steps, inner, events);
        return compileValue(step.collect).render(inner);
      });
      return { output };
    }
    default:
      throw new Error(`no ${step.type} in this test`);
  }
}

function branch(step: ConditionStep, scope: Running, events: string[]): ReturnType<typeof run> {
  const { field = "", operator = "exists", value } = step;
  const holds = evaluateCondition({ field, operator, value }, scope);
  walk((holds ? step.then : step.else) ?? [], scope, events);
  return { output: holds, target: holds ? step.then_step : step.else_step };
}
