import { expect, test } from "vitest";
import { valueOnForm, waitForm } from "../../src/tools/wait-form.ts";

test.each([
  ["no schema", null, "go-on"],
  ["a boolean", { type: "boolean" }, "value"],
  ["choices", { enum: ["a", 1, null] }, "value"],
  ["a list of choices", { type: "array", items: { enum: ["a"] } }, "value"],
  ["a flat object", { type: "object", properties: { a: { type: "string" } } }, "fields"],
  ["an object with a list of objects", { type: "object", properties: { a: { type: "array", items: {} } } }, "json"],
  [
    "an object that needs what it does not describe",
    { type: "object", properties: { a: {} }, required: ["b"] },
    "json",
  ],
  ["an object without fields", { type: "object" }, "json"],
  ["an object with alternatives", { type: "object", properties: { a: { type: "string" } }, anyOf: [{}] }, "json"],
  ["alternatives", { anyOf: [{ type: "string" }, { type: "number" }] }, "json"],
  ["what refers elsewhere", { $ref: "#/$defs/a" }, "json"],
  ["a list of texts", { type: "array", items: { type: "string" } }, "json"],
  ["anything", {}, "json"],
])("%s is asked on the form that fits", (_, schema, kind) => {
  expect(waitForm(schema).kind).toBe(kind);
});

test("choices are told by texts, and stand for the values that they are", () => {
  const form = waitForm({ oneOf: [{ const: 1, title: "One" }, { const: null }, { const: "x" }] });
  const answers = ["1", "null", "x", "what is none of them"].map((value) => valueOnForm(form, { value }));
  expect(answers).toEqual([1, null, "x", "what is none of them"]);
});

test("fields that nobody filled in are left out, and unknown ones are not taken", () => {
  const form = waitForm({
    type: "object",
    properties: { a: { type: "string" }, b: { type: "array", items: { enum: [1, 2] } }, c: { type: "number" } },
  });
  expect(valueOnForm(form, { a: "", b: ["2"], d: 1 })).toEqual({ a: "", b: [2] });
});
