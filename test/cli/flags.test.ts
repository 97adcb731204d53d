import { describe, expect, test } from "vitest";
import { neverTyped } from "../../src/cli/exceptions.ts";
import { flagsOf, kindOf } from "../../src/cli/flags.ts";
import { words } from "../../src/cli/words.ts";
import { catalogue } from "../../src/tools/catalogue.ts";

const named = (name: string) => {
  const operation = catalogue.find((one) => one.name === name);
  if (operation === undefined) throw new Error(`no operation ${name}`);
  return operation;
};
const text = { type: "string" };

describe("a field as a flag", () => {
  test.each([
    ["text", text, { type: "text" }],
    ["an enum", { type: "string", enum: ["a", "b"] }, { type: "text", choices: ["a", "b"] }],
    ["a whole number", { type: "integer" }, { type: "number" }],
    ["a boolean", { type: "boolean" }, { type: "boolean" }],
    ["a list", { type: "array", items: text }, { type: "list", item: { type: "text" } }],
    ["text or a number", { anyOf: [text, { type: "number" }] }, { type: "text" }],
    ["any JSON", { anyOf: [{ type: "object" }, text] }, { type: "value" }],
    ["a number or null", { anyOf: [{ type: "number" }, { type: "null" }] }, { type: "number" }],
    ["a record", { type: "object", additionalProperties: text }, { type: "record", value: { type: "text" } }],
    ["an object with fields", { type: "object", properties: { a: text } }, { type: "json" }],
  ])("%s is read as that", (_, schema, kind) => {
    expect(kindOf(schema)).toEqual(kind);
  });

  test("carries its name, its default and whether it is required", () => {
    const flags = flagsOf(named("executions_run"));
    expect(flags.find(({ field }) => field === "target")).toMatchObject({ name: "target", isRequired: true });
    expect(flags.find(({ field }) => field === "wait_seconds")).toMatchObject({ name: "wait-seconds", fallback: 5 });
    expect(flags.find(({ field }) => field === "input")).toMatchObject({ kind: { type: "value" } });
  });

  test("may have another name", () => {
    const names = flagsOf(named("executions_replay"), { overrides: "set" }).map(({ name }) => name);
    expect(names).toContain("set");
    expect(names).not.toContain("overrides");
  });
});

describe("the catalogue on the command line", () => {
  test("no field has the name of a flag that stands anywhere", () => {
    const globals = ["project", "output", "color", "quiet", "version", "help"];
    const taken = catalogue.flatMap((operation) =>
      flagsOf(operation).flatMap(({ name }) => (globals.includes(name) ? [`${operation.name} --${name}`] : [])),
    );
    expect(taken).toEqual([]);
  });

  test("what an operation calls sensitive is never typed", () => {
    const sensitive = catalogue.flatMap(({ name, sensitive = [] }) => sensitive.map((field) => `${name} ${field}`));
    expect(neverTyped.map(({ operation, field }) => `${operation} ${field}`)).toEqual(
      expect.arrayContaining(sensitive),
    );
  });

  test("every word, and every exception, names an operation and fields that there are", () => {
    for (const { operation, positionals, renamed = {}, replaced = [] } of words) {
      const fields = Object.keys(named(operation).input.shape);
      expect(fields, operation).toEqual(expect.arrayContaining([...positionals, ...Object.keys(renamed), ...replaced]));
    }
    for (const { operation, field, reason } of neverTyped) {
      expect(Object.keys(named(operation).input.shape)).toContain(field);
      expect(reason).not.toBe("");
    }
  });
});
