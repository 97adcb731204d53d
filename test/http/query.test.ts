import { expect, test } from "vitest";
import { z } from "zod";
import { argumentsOf } from "../../src/http/query.ts";
import { anyJson } from "../../src/tools/fields.ts";
import { defineOperation, reading } from "../../src/tools/operation.ts";

const operation = defineOperation({
  name: "test_read",
  title: "Reads",
  description: "Reads.",
  input: z.strictObject({
    text: z.string().optional(),
    count: z.number().int().optional(),
    ratio: z.number().optional(),
    flag: z.boolean().default(false),
    tags: z.array(z.string()).default([]),
    numbers: z.array(z.number()).optional(),
    filter: z.record(z.string(), z.string()).optional(),
    value: anyJson().optional(),
  }),
  output: z.object({}),
  annotations: reading,
  example: {},
  handler: async () => ({}),
});

const read = (query: string) => argumentsOf(operation, new URLSearchParams(query));

test.each([
  ["", {}],
  ["text=12", { text: "12" }],
  ["text=", { text: "" }],
  ["count=12&ratio=-0.5&flag=true", { count: 12, ratio: -0.5, flag: true }],
  ["tags=a&tags=b", { tags: ["a", "b"] }],
  ["tags=a", { tags: ["a"] }],
  ['tags=["a","b"]', { tags: ["a", "b"] }],
  ["tags=[a", { tags: ["[a"] }],
  ["numbers=1&numbers=2", { numbers: [1, 2] }],
  ['filter={"a":"b"}', { filter: { a: "b" } }],
  ["value=12", { value: 12 }],
  ['value={"a":[1]}', { value: { a: [1] } }],
  ["value=plain text", { value: "plain text" }],
])("%j becomes the types that the input names", (query, args) => {
  expect(read(query)).toEqual(args);
});

test.each([
  ["count=many", { count: "many" }],
  ["count=", { count: "" }],
  ["count=Infinity", { count: "Infinity" }],
  ["flag=1", { flag: "1" }],
  ["filter={", { filter: "{" }],
  ["text=a&text=b", { text: ["a", "b"] }],
  ["other=1", { other: "1" }],
])("%j stays text, for the operation to say what is wrong", (query, args) => {
  expect(read(query)).toEqual(args);
});

test("a name that cannot be an argument is not lost on the way", () => {
  expect(Object.keys(read("__proto__=1"))).toEqual(["__proto__"]);
});
