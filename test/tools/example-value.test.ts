import { expect, test } from "vitest";
import { z } from "zod";
import { compileJsonSchema } from "../../src/core/json-schema.ts";
import { exampleValue } from "../../src/tools/example-value.ts";

const cases: [string, z.ZodType, unknown][] = [
  ["a boolean", z.boolean(), true],
  ["a text", z.string(), "…"],
  ["a text with a least length", z.string().min(5), "…………………………".slice(0, 5)],
  ["a date", z.iso.date(), "2026-01-31"],
  ["a number", z.number(), 1],
  ["a whole number", z.int(), 1],
  ["a number in a range", z.int().min(3).max(9), 3],
  ["a number of something at least", z.number().min(0.002), 0.002],
  ["a number above a limit", z.number().gt(4), 5],
  ["a number below a limit", z.number().max(0), 0],
  ["an option", z.enum(["ship", "hold"]), "ship"],
  ["a literal", z.literal("yes"), "yes"],
  ["a default", z.string().default("friendly"), "friendly"],
  [
    "an object: what it requires",
    z.strictObject({ publish: z.boolean(), comment: z.string().optional() }),
    { publish: true },
  ],
  ["a list", z.array(z.string()), []],
  ["a list with a least length", z.array(z.int().min(1)).min(2), [1, 1]],
  ["one of several", z.union([z.strictObject({ id: z.int().min(1) }), z.string()]), { id: 1 }],
  ["a value that may be null", z.string().nullable(), "…"],
];

test.each(cases)("an example of %s fits its schema", (_, type, expected) => {
  const schema = z.toJSONSchema(type, { io: "input" }) as Record<string, unknown>;
  const example = exampleValue(schema);
  expect(example).toEqual(expected);
  expect(compileJsonSchema(schema)(example)).toEqual([]);
});

test("definitions are followed, and a schema that contains itself comes to an end", () => {
  const schema = {
    $ref: "#/$defs/node",
    $defs: { node: { type: "object", required: ["child"], properties: { child: { $ref: "#/$defs/node" } } } },
  };
  expect(JSON.stringify(exampleValue(schema))).toMatch(/^\{"child":/);
  expect(exampleValue(true)).toBeNull();
  expect(exampleValue({})).toBe(true);
});
