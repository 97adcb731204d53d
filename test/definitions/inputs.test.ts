import { expect, test } from "vitest";
import { compileJsonSchema } from "../../src/core/json-schema.ts";
import { inputSchema, withDefaults } from "../../src/definitions/model/inputs.ts";
import { validateDefinition } from "../../src/definitions/validate.ts";

const text = `
inputs:
  tag: { type: string, required: true }
  tone: friendly
  limit: { type: integer, default: null }
  rows: { schema: { type: array, items: { type: number } } }
steps: [{ id: x, type: emit, event: "{{ tag }}" }]
`;
const declared = validateDefinition({ path: "x.yaml", text }).definition?.inputs ?? {};

test("what a run is given is checked against what the definition declares", () => {
  const check = compileJsonSchema(inputSchema(declared));
  expect(check({ tag: "v1", rows: [1, 2], limit: null })).toEqual([]);
  expect(check({ tga: "v1", tone: 5, rows: ["a"], limit: 1.5 })).toEqual([
    'the field "tag" is missing',
    'the field "tga" is unknown',
    "tone: must be string",
    "limit: must be integer,null",
    "rows.0: must be number",
  ]);
});

test("what a run is not given has its default, or is null", () => {
  expect(withDefaults(declared, { tag: "v1" })).toEqual({ tag: "v1", tone: "friendly", limit: null, rows: null });
  expect(withDefaults(declared, { tag: "v1", tone: null })).toMatchObject({ tone: null });
});
