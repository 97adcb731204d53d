import { expect, test } from "vitest";
import { promptPlan } from "../../src/cli/ask/prompt-plan.ts";

test.each([
  ["no schema", null, { kind: "go-on" }],
  ["a boolean", { type: "boolean", default: false }, { kind: "confirm", initial: false }],
  ["text", { type: "string", default: "tea" }, { kind: "text", initial: "tea" }],
  ["a whole number", { type: "integer", minimum: 1 }, { kind: "number" }],
  ["a list of other things", { type: "array", items: { type: "string" } }, { kind: "json" }],
  ["a map", { type: "object", additionalProperties: { type: "string" } }, { kind: "json" }],
  ["what refers elsewhere", { $ref: "#/$defs/a" }, { kind: "json" }],
  ["alternatives", { anyOf: [{ type: "string" }, { type: "number" }] }, { kind: "json" }],
  ["anything", {}, { kind: "json" }],
])("%s is asked in its own way", (_, schema, plan) => {
  expect(promptPlan(schema)).toEqual(plan);
});

test("an enum, and alternatives that are each a value, are chosen from", () => {
  expect(promptPlan({ enum: ["dry", 1] })).toEqual({
    kind: "select",
    options: [
      { value: "dry", label: "dry" },
      { value: 1, label: "1" },
    ],
  });
  expect(promptPlan({ oneOf: [{ const: "a", title: "First", description: "the first one" }, { const: "b" }] })).toEqual(
    {
      kind: "select",
      options: [
        { value: "a", label: "First", hint: "the first one" },
        { value: "b", label: "b" },
      ],
    },
  );
  expect(promptPlan({ type: "array", items: { enum: ["a"] } })).toEqual({
    kind: "multiselect",
    options: [{ value: "a", label: "a" }],
  });
});

test("a flat object is asked field by field, and a field that is not flat as JSON", () => {
  const plan = promptPlan({
    type: "object",
    properties: {
      publish: { type: "boolean", description: "Is it good?" },
      comment: { type: "string", title: "Comment" },
      inner: { type: "object", properties: { a: { type: "string" } } },
    },
    required: ["publish"],
  });
  expect(plan).toMatchObject({
    kind: "fields",
    fields: [
      { name: "publish", question: "publish: Is it good?", isRequired: true, plan: { kind: "confirm" } },
      { name: "comment", question: "Comment", isRequired: false, plan: { kind: "text" } },
      { name: "inner", isRequired: false, plan: { kind: "json" } },
    ],
  });
});

test("options that may come with a comment are chosen from by their labels", () => {
  const option = { type: "string", oneOf: [{ const: "publish", title: "Publish it" }, { const: "drop" }] };
  const properties = { option, comment: { type: "string" } };
  expect(promptPlan({ anyOf: [option, { type: "object", properties, required: ["option"] }] })).toEqual({
    kind: "options",
    options: [
      { value: "publish", label: "Publish it" },
      { value: "drop", label: "drop" },
    ],
  });
});
