import { expect, test } from "vitest";
import { z } from "zod";
import { compileJsonSchema, type JsonSchema } from "../../src/core/json-schema.ts";

test("a schema may refer to itself", () => {
  const tree: JsonSchema = { type: "object", properties: { kids: { type: "array", items: { $ref: "#" } } } };
  expect(compileJsonSchema(tree)({ kids: [{ kids: [] }] })).toEqual([]);
  expect(compileJsonSchema(tree)({ kids: [{ kids: [3] }] })).toEqual(["kids.0.kids.0: must be object"]);
  const json = z.json()["~standard"].jsonSchema.input({ target: "draft-2020-12" }) as JsonSchema;
  expect(compileJsonSchema(json)({ a: [1, null] })).toEqual([]);
});

test("two schemas of one id, or of none, do not get in each other's way", () => {
  const of = (type: string): JsonSchema => ({ $id: "https://example.test/same", type });
  expect(compileJsonSchema(of("string"))("text")).toEqual([]);
  expect(compileJsonSchema(of("number"))("text")).toEqual(["must be number"]);
  expect(() => compileJsonSchema({ $id: "https://example.test/same", type: "nonsense" })).toThrow(
    /not valid JSON Schema/,
  );
  expect(compileJsonSchema(of("boolean"))(true)).toEqual([]);
});

test("problems name the field, and what is missing or unknown", () => {
  const check = compileJsonSchema({
    type: "object",
    properties: { topic: { type: "string" }, kind: { enum: ["a", "b"] } },
    required: ["topic"],
    additionalProperties: false,
  });
  expect(check({ topik: "tea", kind: "c" })).toEqual([
    'the field "topic" is missing',
    'the field "topik" is unknown',
    'kind: must be one of ["a","b"]',
  ]);
});

test("patterns and schemas that could hang the process are refused", () => {
  expect(() => compileJsonSchema({ type: "string", pattern: "a".repeat(501) })).toThrowError(
    expect.objectContaining({ code: "too_large" }),
  );
  expect(() => compileJsonSchema({ description: "x".repeat(100_001) })).toThrowError(
    expect.objectContaining({ code: "too_large" }),
  );
});

const choice = {
  type: "string",
  oneOf: [
    { const: "publish", title: "Publish it" },
    { const: "edit", title: "Send it back" },
    { const: "discard", title: "Discard" },
  ],
};
const options: JsonSchema = {
  anyOf: [
    choice,
    {
      type: "object",
      properties: { option: choice, comment: { type: "string" } },
      required: ["option"],
      additionalProperties: false,
    },
  ],
};

test.each([
  ["yess", '"yess" is no option; it takes publish, edit or discard'],
  ["Discardd", '"Discardd" is no option; it takes publish, edit or discard. Did you mean "discard"?'],
  ["send it bak", '"send it bak" is no option; it takes publish, edit or discard. Did you mean "edit"?'],
  [{ option: "edti" }, '"edti" is no option; it takes publish, edit or discard. Did you mean "edit"?'],
  [{ foo: 1 }, "no option was chosen; it takes publish, edit or discard"],
  [undefined, "no option was chosen; it takes publish, edit or discard"],
  [true, "true is no option; it takes publish, edit or discard"],
  [
    { option: "edit", comment: 1 },
    'beside the option "edit" there may be a comment, which is a text, and nothing else',
  ],
])("options that are answered with %j say in one sentence what they take", (value, problem) => {
  expect(compileJsonSchema(options)(value)).toEqual([problem]);
});

test.each<[string, JsonSchema, unknown, string[]]>([
  ["a const", { const: "yes" }, "no", ['must be "yes"']],
  ["titled values", { oneOf: [{ const: 1 }, { const: 2 }] }, 3, ["must be one of [1,2]"]],
  ["kinds", { anyOf: [{ type: "string" }, { type: "number" }] }, true, ["must be one of these: string; or number"]],
  [
    "a value or null",
    { anyOf: [{ type: "object", properties: { a: { type: "number" } }, required: ["a", "b"] }, { type: "null" }] },
    { a: "x" },
    ['the field "b" is missing', "a: must be number"],
  ],
  [
    "objects that a field tells apart",
    {
      type: "object",
      properties: {
        by: {
          oneOf: [
            {
              type: "object",
              properties: { kind: { const: "mail" }, to: { type: "string" } },
              required: ["kind", "to"],
            },
            { type: "object", properties: { kind: { const: "post" }, zip: { type: "string" } }, required: ["kind"] },
          ],
        },
      },
    },
    { by: { kind: "mail" } },
    ['by: the field "to" is missing'],
  ],
  [
    "definitions elsewhere",
    {
      $defs: { a: { type: "object", properties: { a: { type: "string" } }, required: ["a"] }, b: { type: "string" } },
      anyOf: [{ $ref: "#/$defs/a" }, { $ref: "#/$defs/b" }],
    },
    1,
    ["must be one of these: a; or b"],
  ],
])("alternatives of %s are one problem", (_, schema, value, problems) => {
  expect(compileJsonSchema(schema)(value)).toEqual(problems);
});

test("a pattern that would try for ever is given up, and says how to write it otherwise", () => {
  const check = compileJsonSchema({ type: "string", pattern: "^(a+)+$" });
  expect(check("a".repeat(40))).toEqual([]);
  const began = performance.now();
  expect(() => check(`${"a".repeat(40)}b`)).toThrow(
    expect.objectContaining({ code: "invalid_input", message: expect.stringContaining("^(a+)+$ takes too long") }),
  );
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(check("b")).toEqual(['must match pattern "^(a+)+$"']);
});
