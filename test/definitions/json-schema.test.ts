import { expect, test } from "vitest";
import { compileJsonSchema } from "../../src/core/json-schema.ts";
import { definitionJsonSchema } from "../../src/definitions/json-schema.ts";

const check = compileJsonSchema(definitionJsonSchema());

test("the schema for editors takes what files write: bare inputs, short forms, nested steps, schedules", () => {
  const problems = check({
    name: "a",
    inputs: { tag: { type: "string", required: true }, tone: "friendly", n: 3 },
    schedule: { cron: "0 9 * * *" },
    steps: [
      {
        id: "ask",
        type: "human",
        question: "Go?",
        options: ["yes", { id: "no", label: "No" }],
        timeout: "2h",
        retry: 2,
      },
      {
        id: "l",
        type: "loop",
        items: "$.x",
        steps: [
          {
            id: "c",
            type: "condition",
            not: { field: "{{ item }}", operator: "exists" },
            // biome-ignore lint/suspicious/noThenProperty: the field has this name in every file
            then: [{ id: "s", type: "shell", command: ["ls", "-l"], timeout: 90 }],
          },
        ],
      },
    ],
  });
  expect(problems).toEqual([]);
});

test("the schema for editors takes an agent without steps", () => {
  expect(check({ agent: { model: "smart", max_turns: 5, permission_mode: "plan" } })).toEqual([]);
});

test.for<[string, unknown]>([
  ["an unknown field", { nam: "a" }],
  ["an unknown kind of step", { steps: [{ id: "x", type: "shel", command: "ls" }] }],
  ["an unknown field of a nested step", { steps: [loopOf({ id: "x", type: "shell", command: "ls", tmeout: 1 })] }],
  ["a missing field", { steps: [{ id: "x", type: "shell" }] }],
  ["a name in another case", { name: "My Name" }],
])("the schema for editors refuses %s", ([, value]) => {
  expect(check(value)).not.toEqual([]);
});

function loopOf(step: unknown) {
  return { id: "l", type: "loop", items: [1], steps: [step] };
}
