import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fallsThrough, jumpsOf, type Linked } from "../../src/definitions/graph/links.ts";
import { findCycle, orderOf } from "../../src/definitions/graph/order.ts";
import type { Step } from "../../src/definitions/model/steps.ts";
import { validateDefinition } from "../../src/definitions/validate.ts";

describe("the order of a list of steps", () => {
  test("is a sequence where nothing depends on anything", () => {
    expect(orderOf([{ id: "a" }, { id: "b" }])).toEqual({ kind: "sequence" });
  });

  test("is a graph of levels where a step says what it depends on", () => {
    const steps = [
      { id: "report", depends_on: ["rate", "count"] },
      { id: "fetch" },
      { id: "rate", depends_on: ["clean"] },
      { id: "clean", depends_on: ["fetch"] },
      { id: "count", depends_on: ["fetch"] },
    ];
    expect(orderOf(steps)).toEqual({
      kind: "graph",
      levels: [["fetch"], ["clean", "count"], ["rate"], ["report"]],
      criticalPath: ["fetch", "clean", "rate", "report"],
    });
  });

  test("of a parallel step is one level", () => {
    expect(orderOf([{ id: "a" }, { id: "b" }], true)).toMatchObject({ kind: "graph", levels: [["a", "b"]] });
  });

  test("of a definition is had from its steps as they are", () => {
    const text =
      "steps:\n  - { id: a, type: sleep, duration: 1s }\n  - { id: b, type: sleep, duration: 1s, depends_on: a }\n";
    const { definition } = validateDefinition({ path: "x.yaml", text });
    const steps: Step[] = definition?.steps ?? [];
    expect(orderOf(steps)).toMatchObject({ levels: [["a"], ["b"]] });
  });
});

describe("where a step leads", () => {
  test.for<[string, Linked, string[], boolean]>([
    ["a plain step", { id: "a" }, [], true],
    ["a step with next_step", { id: "a", next_step: "b" }, ["b"], false],
    ["a step that may be skipped", { id: "a", when: "{{ x }}", next_step: "b" }, ["b"], true],
    ["a condition with both jumps", { id: "a", type: "condition", then_step: "b", else_step: "c" }, ["b", "c"], false],
    ["a condition with one jump", { id: "a", type: "condition", then_step: "b" }, ["b"], true],
    ["a human step whose options all jump", human(["b", "c"]), ["b", "c"], false],
    ["a human step with an option that does not jump", human(["b", undefined]), ["b"], true],
    ["a human step that goes on after its time", { ...human(["b"]), on_timeout: "skip" }, ["b"], true],
  ])("%s", ([, step, jumps, falls]) => {
    expect(jumpsOf(step)).toEqual(jumps);
    expect(fallsThrough(step)).toBe(falls);
  });
});

test("a graph has a cycle exactly where a step is in no level", () => {
  const ids = ["a", "b", "c", "d", "e", "f"];
  const dependencies = fc.array(fc.subarray(ids, { maxLength: 3 }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(dependencies, (lists) => {
      const steps = ids.map((id, index) => ({ id, depends_on: lists[index] ?? [] }));
      const order = orderOf(steps);
      const placed = order.kind === "graph" ? order.levels.flat() : [];
      const cycle = findCycle(steps);
      expect(cycle === undefined).toBe(placed.length === ids.length);
      if (cycle === undefined) return;
      expect(cycle[0]).toBe(cycle.at(-1));
      for (const [index, id] of cycle.slice(1).entries()) {
        expect(steps.find((step) => step.id === id)?.depends_on).toContain(cycle[index]);
      }
    }),
  );
});

function human(targets: (string | undefined)[]): Linked {
  const options = targets.map((next_step, index) => ({ id: `o${index}`, next_step }));
  return { id: "a", type: "human", options };
}
