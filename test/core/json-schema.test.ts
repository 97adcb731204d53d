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
