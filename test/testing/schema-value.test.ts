import { describe, expect, test } from "vitest";
import { z } from "zod";
import { compileJsonSchema, type JsonSchema } from "../../src/core/json-schema.ts";
import { schemaValue } from "../../src/testing/schema-value.ts";

const json = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema);

describe("a generated value", () => {
  test.each([
    ["a text", json(z.string()), "mock_value"],
    ["a long text", json(z.string().min(12)), "mock_value__"],
    ["a short text", json(z.string().max(4)), "mock"],
    ["a whole number", json(z.int()), 1],
    ["a bounded number", json(z.number().min(2.2)), 2.5],
    ["a number above", json(z.int().gt(3)), 4],
    ["a number below", json(z.int().lt(0)), -1],
    ["a multiple", json(z.number().min(10).multipleOf(4)), 12],
    ["a choice", json(z.enum(["b", "a"])), "b"],
    ["a literal", json(z.literal("only")), "only"],
    ["a default", json(z.string().default("usual")), "usual"],
    ["a union", json(z.union([z.boolean(), z.string()])), true],
    ["nothing", json(z.null()), null],
    ["a list", json(z.array(z.string())), ["mock_value"]],
    ["a pair", json(z.tuple([z.string(), z.int()])), ["mock_value_0", 1]],
    ["a day", json(z.iso.date()), "2030-01-01"],
    ["an address", json(z.url()), "https://example.com/"],
    ["an id", json(z.uuid()), "00000000-0000-4000-8000-000000000000"],
  ])("is %s", (_, schema, value) => {
    expect(schemaValue(schema)).toEqual(value);
  });

  test("names its fields, and fits whatever refers to what", () => {
    const schema: JsonSchema = {
      type: "object",
      $defs: { person: { type: "object", properties: { name: { type: "string" } }, required: ["name"] } },
      properties: {
        author: { $ref: "#/$defs/person" },
        both: {
          allOf: [
            { properties: { a: { type: "string" } } },
            { required: ["b"], properties: { b: { type: "integer" } } },
          ],
        },
        list: { type: "array", items: { $ref: "#/$defs/person" }, minItems: 2 },
      },
    };
    const value = schemaValue(schema);
    expect(value).toEqual({
      author: { name: "mock_name" },
      both: { a: "mock_a", b: 1 },
      list: [{ name: "mock_name" }, { name: "mock_name" }],
    });
    expect(compileJsonSchema(schema)(value)).toEqual([]);
  });

  test("ends where a schema goes on for ever", () => {
    const Tree: z.ZodType = z.lazy(() => z.object({ name: z.string(), children: z.array(Tree) }));
    expect(JSON.stringify(schemaValue(json(Tree))).length).toBeLessThan(1_000);
  });

  test("is not made up where a schema asks for what cannot be guessed", () => {
    expect(() => schemaValue(json(z.object({ code: z.string().regex(/^[A-Z]{3}-\d+$/) })))).toThrow(
      /fromSchema\(\) cannot make a value for this schema: code: must match pattern/,
    );
  });
});
