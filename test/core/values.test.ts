import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeValue, encodeValue } from "../../src/core/values.ts";

const leaf = fc.oneof(
  fc.string(),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
  fc.constantFrom("$savepoint", '"$savepoint"', "__proto__"),
);
// Not one that ends in a backslash: once V8 has seen it, its JSON.parse takes a key such as `"` for it.
const name = fc.string().filter((text) => !text.endsWith("\\"));
const key = fc.oneof(name, fc.constantFrom("$savepoint", "__proto__", "toJSON", "constructor", "value"));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: true }),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 4 }).map((items) => new Set(items)),
  ),
}));

describe("a recorded value", () => {
  test("comes back as it was, as a copy", () => {
    fc.assert(
      fc.property(value, (original) => {
        expect(isDeepStrictEqual(decodeValue(encodeValue(original, "value")), original)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("that is plain JSON is recorded as JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (original) => {
        if (JSON.stringify(original).includes("-0") || containsMinusZero(original)) return;
        expect(encodeValue(original, "value")).toBe(JSON.stringify(original));
      }),
    );
  });

  test("never changes the prototype of anything", () => {
    const decoded = decodeValue(encodeValue(JSON.parse('{"__proto__": {"polluted": true}, "x": 1}'), "value"));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
  });
});

describe("what cannot be recorded", () => {
  class Socket {}
  const circular: { list: unknown[] } = { list: [] };
  circular.list.push(circular);
  let deep: unknown = 1;
  for (let i = 0; i < 600; i++) deep = [deep];

  test.each([
    ["a class instance", { items: [0, { socket: new Socket() }] }, "output.items[1].socket: a class instance (Socket)"],
    ["a function", { "odd key": () => 1 }, 'output["odd key"]: a function'],
    ["a symbol", [Symbol("x")], "output[0]: a symbol"],
    ["a cycle", circular, "output.list[0]: a reference to an object that contains it"],
    ["a promise", { later: Promise.resolve() }, "output.later: a promise (was an await forgotten?)"],
    ["an error", [new Error("x")], "output[0]: a class instance (Error)"],
    ["what a map holds", new Map([["k", () => 1]]), "output.get(k): a function"],
    ["what a map holds under an object", new Map([[Object.create(null), () => 1]]), "output.get(0): a function"],
  ])("is named with its path: %s", (_, bad, message) => {
    expect(() => encodeValue(bad, "output")).toThrow(`${message} cannot be recorded`);
  });

  test("includes what is nested too deeply", () => {
    expect(() => encodeValue(deep, "output")).toThrow("nested deeper than 500 levels");
  });
});

function containsMinusZero(original: unknown): boolean {
  if (Object.is(original, -0)) return true;
  return typeof original === "object" && original !== null && Object.values(original).some(containsMinusZero);
}
