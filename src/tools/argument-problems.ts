import { z } from "zod";
import { UserError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";
import { callText, cut } from "./display.ts";
import type { Operation } from "./operation.ts";
import { inputSchemaOf } from "./published-schemas.ts";

type Issue = z.core.$ZodIssue;

/** What is wrong with the arguments of a call, in words that name the argument and the one that was meant. */
export function argumentError(operation: Operation, issues: readonly Issue[], given: unknown): UserError {
  const shownGiven = withoutSensitive(operation, given);
  const problems = issues.flatMap((issue) => problemsOf(operation, issue, shownGiven));
  const suggestions = issues.flatMap((issue) => suggestionsOf(operation, issue));
  const example = callText(operation.name, operation.example);
  return new UserError("invalid_input", `${operation.name}: ${cut(problems.join("; "), 2_000)}`, {
    hint: [...suggestions, `${takes(operation)} Example: ${example}`].join(" "),
    details: { problems: problems.slice(0, 20), arguments: Object.keys(operation.input.shape) },
  });
}

/** zod drops the key `__proto__` without a word, from the arguments and from the records among them. */
export function refuseLostKeys(operation: Operation, given: unknown): void {
  const records = Object.entries(operation.input.shape).flatMap(([name, field]) =>
    isRecordField(field) ? [name] : [],
  );
  const places = [
    { path: "", value: given },
    ...records.map((name) => ({ path: `${name}.`, value: own(given, name) })),
  ];
  const lost = places.find(({ value }) => own(value, lostKey) !== undefined);
  if (lost === undefined) return;
  throw new UserError("invalid_input", `${operation.name}: ${lost.path}${lostKey} is a name that cannot be used`, {
    hint: "Leave it out or give it another name. The call has changed nothing.",
    details: {
      problems: [`${lost.path}${lostKey} is a name that cannot be used`],
      arguments: Object.keys(operation.input.shape),
    },
  });
}

const lostKey = "__proto__";

/** Nothing of a secret may come back in an error, however wrong it is. */
function withoutSensitive({ sensitive = [] }: Operation, given: unknown): unknown {
  if (typeof given !== "object" || given === null || sensitive.length === 0) return given;
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, sensitive.includes(key) ? hidden(value) : value]),
  );
}

function hidden(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return "(not shown)";
  return Object.fromEntries(Object.keys(value).map((key) => [key, "(not shown)"]));
}

function isRecordField(field: unknown): boolean {
  return (field instanceof z.ZodOptional ? field.unwrap() : field) instanceof z.ZodRecord;
}

function own(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key] ?? null;
}

function problemsOf(operation: Operation, issue: Issue, given: unknown): string[] {
  const name = issue.path.map(String).join(".");
  const value = issue.path.reduce<unknown>(
    (at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step],
    given,
  );
  switch (issue.code) {
    case "unrecognized_keys":
      if (name === "") return issue.keys.map((key) => `the argument ${JSON.stringify(key)} is unknown`);
      return issue.keys.map((key) => unknownField(name, key, fieldsAt(operation.input, issue.path)));
    case "invalid_type":
      if (name === "") return ["the arguments must be an object"];
      if (value === undefined) return [`${name} is missing`];
      return [`${name} must be ${article(issue.expected)}; it is ${shown(value)}`];
    case "invalid_value":
      return [`${name} must be ${issue.values.map((one) => JSON.stringify(one)).join(" or ")}; it is ${shown(value)}`];
    case "invalid_union":
      return [
        `${name} must be ${issue.errors.flatMap((one) => one.flatMap(expected)).join(" or ")}; it is ${shown(value)}`,
      ];
    default:
      return [`${name} ${limitOf(issue) ?? `is not right (${issue.message})`}; it is ${shown(value)}`];
  }
}

/** What is said of a field within an argument says all of it, since hints list the arguments alone. */
function unknownField(name: string, key: string, known: readonly string[]): string {
  const [meant] = nearest(key, known, 1);
  const instead = meant === undefined ? "" : ` (did you mean ${JSON.stringify(meant)}?)`;
  return `${name} has no field ${JSON.stringify(key)}${instead}${known.length === 0 ? "" : `; it takes ${known.join(", ")}`}`;
}

function fieldsAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return fieldsAt(schema.unwrap(), path);
  }
  const [step, ...rest] = path;
  if (schema instanceof z.ZodArray) return fieldsAt(schema.element, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  return step === undefined ? Object.keys(schema.shape) : fieldsAt(schema.shape[String(step)], rest);
}

function expected(issue: Issue): string[] {
  return issue.code === "invalid_type" ? [article(issue.expected)] : [issue.message];
}

/** The bound that a value of the right type breaks. */
function limitOf(issue: Issue): string | undefined {
  if (issue.code !== "too_small" && issue.code !== "too_big") return undefined;
  const unit = units.get(issue.origin);
  if (issue.code === "too_big") {
    return unit === undefined ? `must be ${issue.maximum} or less` : `must have at most ${issue.maximum} ${unit}`;
  }
  if (unit === undefined) return `must be ${issue.minimum} or more`;
  return issue.minimum === 1 ? "must not be empty" : `must have at least ${issue.minimum} ${unit}`;
}

const units = new Map<string, string>([
  ["string", "characters"],
  ["array", "items"],
]);

function suggestionsOf(operation: Operation, issue: Issue): string[] {
  if (issue.code !== "unrecognized_keys" || issue.path.length > 0) return [];
  return issue.keys.flatMap((key) => {
    const [meant] = nearest(key, Object.keys(operation.input.shape), 1);
    return meant === undefined ? [] : [`Did you mean ${JSON.stringify(meant)} instead of ${JSON.stringify(key)}?`];
  });
}

function takes(operation: Operation): string {
  const { name, input } = operation;
  const required = inputSchemaOf(operation).required;
  const isRequired = (key: string) => Array.isArray(required) && required.includes(key);
  const names = Object.keys(input.shape).map((key) => (isRequired(key) ? `${key} (required)` : key));
  return names.length === 0 ? `${name} takes no arguments.` : `${name} takes ${names.join(", ")}.`;
}

function article(type: string): string {
  if (type === "record") return "an object";
  if (type === "int") return "a whole number";
  return `${/^[aeio]/.test(type) ? "an" : "a"} ${type}`;
}

function shown(value: unknown): string {
  try {
    return cut(JSON.stringify(value) ?? String(value), 100);
  } catch {
    // Nested so deeply that the stack does not reach to its bottom.
    return "too deeply nested to be shown";
  }
}
