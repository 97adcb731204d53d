import { expect, test } from "vitest";
import { flowBrand } from "../../src/flows/flow.ts";
import { flowOf } from "../helpers/definitions.ts";
import { useEngines } from "../helpers/engine.ts";

const engines = useEngines();

const walk = `
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

test("lists, loops, conditions and jumps run as they are written", async () => {
  const flow = flowOf(walk, { path: "walk.yaml" });
  const engine = engines.open([flow]);
  engine.work();
  const { id } = await engine.start(flow, {});
  await engine.ended(id);
  expect(await engine.result(id)).toEqual({ rows: ["s1", "s2", "l3", "l4"], last: ["s1", "s2", "l3", "l4"] });
  const states = engine
    .entries(id)
    .map(({ scope, name, occurrence, status }) => `${scope}/${name}#${occurrence} ${status}`);
  expect(states).toContain("each[0]/large#1 skipped");
  expect(states).toContain("each[3]/large#1 completed");
  expect(states).toContain("/again#2 completed");
});

test("a definition that waits in parallel loops goes on from its record", async () => {
  const text = `
steps:
  - id: both
    type: parallel
    steps:
      - id: each
        type: loop
        items: [1, 2, 3]
        concurrency: 3
        steps:
          - { id: ask, type: human, question: "ok {{ item }}?", options: [yes, no] }
          - { id: told, type: emit, event: told, data: "{{ item }} {{ steps.ask.output.option }}" }
      - { id: beside, type: emit, event: beside, data: 1 }
`;
  const flow = flowOf(text, { path: "people.yaml" });
  const engine = engines.open([flow]);
  engine.work();
  const { id } = await engine.start(flow, {});
  await engine.waiting(id);
  for (const place of ["each[2]/ask", "each[0]/ask", "each[1]/ask"]) {
    await engine.engine.answer(id, { wait: place, value: place === "each[1]/ask" ? "no" : "yes" });
  }
  await engine.ended(id);
  expect(await engine.result(id)).toEqual({ each: ["1 yes", "2 no", "3 yes"], beside: 1 });
});

test("a checkpoint tells the step that it is of, wherever it stands", () => {
  const definition = flowOf("steps: [{ id: my-step, type: set, value: 1 }]", { path: "named.yaml" })[flowBrand];
  const selectors = [
    "my-step",
    "my-step#2",
    "pages[3]/my-step",
    "each[0]/pages[3]/my-step#2",
    "my-step[7]",
    "my-step.notify",
  ];
  expect(selectors.map((selector) => definition.stepAt?.(selector))).toEqual(selectors.map(() => "my-step"));
});
