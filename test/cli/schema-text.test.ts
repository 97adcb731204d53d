import { expect, test } from "vitest";
import { schemaText } from "../../src/cli/present/schema-text.ts";

test.each([
  [{ type: "boolean" }, "boolean"],
  [{ enum: ["dry", "warm"] }, '"dry" | "warm"'],
  [{ type: "integer", minimum: 1, maximum: 5 }, "integer (1…5)"],
  [{ type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }, "integer"],
  [{ type: "string", minLength: 2 }, "string (2… characters)"],
  [{ type: "array", items: { type: "string" } }, "[string, …]"],
  [{ anyOf: [{ type: "string" }, { type: "null" }] }, "string | null"],
  [
    {
      anyOf: [
        { type: "string", oneOf: [{ const: "a", title: "A" }, { const: "b" }] },
        { type: "object", properties: { option: {}, comment: {} }, required: ["option"] },
      ],
    },
    '"a" | "b", or { option, comment }',
  ],
  [
    { type: "object", properties: { ok: { type: "boolean" }, why: {} }, required: ["ok"] },
    "{ ok: boolean, why?: any }",
  ],
  [{ type: "object", additionalProperties: {} }, "object"],
])("%o is told as %s", (schema, text) => {
  expect(schemaText(schema)).toBe(text);
});
