import type { z } from "zod";
import { shown } from "../../core/shown.ts";
import { didYouMean } from "../../core/suggest.ts";
import { guardrailNames } from "../dialects/guardrails.ts";
import { type WorkflowDefinition, workflowDefinition } from "../model/definition.ts";
import { guardrailFields } from "../model/fields.ts";
import { stepTypes } from "../model/steps.ts";
import { type Finding, problemCodes } from "../problem.ts";
import { type Branch, deepest, memberField, plain, type Tree, textOf } from "../reading/tree.ts";
import { foreignKeys, foreignOperators, foreignTypes } from "./known-elsewhere.ts";
import { keysAt } from "./schema-at.ts";

type Issue = z.core.$ZodIssue;

interface Shape {
  tree: Branch;
  data: unknown;
}

/** The model of a file's fields, or what keeps it from being one. */
export function checkShape(tree: Branch): { definition: WorkflowDefinition | undefined; findings: Finding[] } {
  const data = plain(tree);
  const result = workflowDefinition.safeParse(data);
  if (result.success) return { definition: result.data, findings: [] };
  return {
    definition: undefined,
    findings: result.error.issues.flatMap((issue) => findingsOf({ tree, data }, issue, [])),
  };
}

function findingsOf(shape: Shape, issue: Issue, above: readonly PropertyKey[]): Finding[] {
  const path = [...above, ...issue.path];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(shape, path, key));
    case "invalid_union":
      return issue.errors.length === 0 ? [unknownType(shape, path)] : unionFindings(shape, issue, path);
    case "invalid_key":
      return [
        {
          ...placeAt(shape, path),
          code: "invalid_field",
          message: `${shown(path.at(-1))} ${issue.issues[0]?.message ?? "is no valid name"}`,
        },
      ];
    case "invalid_value":
      return [wrongValue(shape, path, issue.values)];
    case "custom":
      return [customFinding(shape, issue, path)];
    default:
      return [wrongField(shape, issue, path)];
  }
}

/** A value of several possible kinds: what is wrong with the kind that it is nearest to. */
function unionFindings(shape: Shape, issue: Issue & { code: "invalid_union" }, path: PropertyKey[]): Finding[] {
  const branches = issue.errors.filter(
    (errors) => !errors.some((one) => one.code === "invalid_type" && one.path.length === 0),
  );
  const [best] = branches.sort((a, b) => weight(a) - weight(b));
  if (best !== undefined) return best.flatMap((inner) => findingsOf(shape, inner, path));
  const expected = issue.errors.flat().flatMap((one) => (one.code === "invalid_type" ? [article(one.expected)] : []));
  const message = issue.message === "Invalid input" ? `must be ${[...new Set(expected)].join(" or ")}` : issue.message;
  return [wrongField(shape, { ...issue, message }, path)];
}

function weight(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? issue.keys.length : 1), 0);
}

function unknownKey({ tree, data }: Shape, path: PropertyKey[], key: string): Finding {
  const { tree: parent } = deepest(tree, path);
  const { tree: entry } = deepest(tree, [...path, key]);
  const known = keysAt(workflowDefinition, data, path);
  const what = parent.field === "" ? "a definition" : (typeOf(parent) ?? parent.field);
  const message = `${shown(key)} is no field of ${what}`;
  const foreign = Object.hasOwn(foreignKeys, key) ? foreignKeys[key] : undefined;
  const taken = known.length > 0 ? `It takes ${known.join(", ")}.` : undefined;
  const hint = guardrailHint(path, key) ?? foreign ?? (() => didYouMean(key, known) ?? taken);
  return { code: "unknown_key", at: entry.keyAt, field: entry.field, message, hint };
}

/** Limits of the whole workflow stand together. */
function guardrailHint(path: readonly PropertyKey[], key: string): string | undefined {
  if (path.length > 0) return undefined;
  const name = Object.hasOwn(guardrailNames, key) ? guardrailNames[key] : key;
  return name !== undefined && Object.hasOwn(guardrailFields, name)
    ? `It belongs into guardrails: { ${name}: … }.`
    : undefined;
}

function typeOf(tree: Tree): string | undefined {
  const type = textOf(tree, "type");
  const kind = /^(steps|agent|triggers?|schedule)\b/.exec(tree.field)?.[1];
  if (type === undefined || kind === undefined) return undefined;
  return `${/^(steps|agent)$/.test(kind) ? "a step" : "a trigger"} of the type ${type}`;
}

function unknownType(shape: Shape, path: PropertyKey[]): Finding {
  const { tree, rest } = deepest(shape.tree, path);
  const known = path[0] === "triggers" ? ["cron", "completion", "event"] : stepTypes;
  const place = placeAt(shape, path);
  if (rest.length > 0) {
    const message =
      tree.kind === "branch" ? "type is missing" : `must be an object with a type; it is ${shown(plain(tree))}`;
    return { code: "missing_field", ...place, message, hint: `The types are ${known.join(", ")}.` };
  }
  const type = String(plain(tree));
  const foreign = Object.hasOwn(foreignTypes, type) ? foreignTypes[type] : undefined;
  return {
    code: "unknown_type",
    ...place,
    message: `there is no type ${shown(plain(tree))}`,
    hint: foreign ?? (() => didYouMean(type, known) ?? `The types are ${known.join(", ")}.`),
  };
}

function wrongValue(shape: Shape, path: PropertyKey[], values: readonly unknown[]): Finding {
  const { tree, rest } = deepest(shape.tree, path);
  if (rest.length > 0) return missing(shape, path);
  const names = values.map(String);
  const given = String(plain(tree));
  const operator =
    path.at(-1) === "operator" && Object.hasOwn(foreignOperators, given) ? foreignOperators[given] : undefined;
  return {
    code: "invalid_field",
    ...placeAt(shape, path),
    message: `${String(path.at(-1))} must be ${list(names)}; it is ${shown(plain(tree))}`,
    hint: operator === undefined ? () => didYouMean(given, names) : `Write ${operator}.`,
  };
}

function customFinding(shape: Shape, issue: Issue & { code: "custom" }, path: PropertyKey[]): Finding {
  const code = problemCodes.find((one) => one === issue.params?.["code"]) ?? "invalid_field";
  const hint: unknown = issue.params?.["hint"];
  const subject = code === "bad_schema" ? "" : `${nameOf(path)} `;
  const message =
    issue.params?.["hint"] === undefined && code === "invalid_field"
      ? `${subject}${issue.message}${butIs(shape, path)}`
      : issue.message;
  return { code, ...placeAt(shape, path), message, hint: typeof hint === "string" ? hint : undefined };
}

function wrongField(shape: Shape, issue: Issue, path: PropertyKey[]): Finding {
  const { tree, rest } = deepest(shape.tree, path);
  if (rest.length > 0) return missing(shape, path);
  const value = plain(tree);
  const expected = issue.code === "invalid_type" ? issue.expected : undefined;
  const message =
    expected !== undefined && issue.message.startsWith("Invalid input")
      ? `must be ${article(expected)}`
      : issue.message;
  return {
    code: "invalid_field",
    ...placeAt(shape, path),
    message: `${nameOf(path)} ${message}${butIs(shape, path)}`,
    hint: typeHint(expected, value),
  };
}

const noSteps = "Add steps, or write Markdown: its body is then the prompt of an agent.";

function missing(shape: Shape, path: PropertyKey[]): Finding {
  const { tree } = deepest(shape.tree, path);
  const owner = typeOf(tree);
  const what = `${nameOf(path)} is missing`;
  return {
    code: "missing_field",
    ...placeAt(shape, path),
    message: owner === undefined ? what : `${what} in ${owner}`,
    hint: missingHint(path, owner),
  };
}

function missingHint(path: readonly PropertyKey[], owner: string | undefined): string | undefined {
  if (path.length === 1 && path[0] === "steps") return noSteps;
  return path.at(-1) === "id" && owner?.startsWith("a step") ? "Name the step, for example id: draft." : undefined;
}

function placeAt(shape: Shape, path: readonly PropertyKey[]): Pick<Finding, "at" | "field"> {
  const { tree, rest } = deepest(shape.tree, path);
  const field = rest.reduce<string>(
    (way, step) => (typeof step === "number" ? `${way}[${step}]` : memberField(way, String(step))),
    tree.field,
  );
  return { at: tree.at, field };
}

function nameOf(path: readonly PropertyKey[]): string {
  const last = path.at(-1);
  return typeof last === "number" ? `${String(path.at(-2) ?? "")}[${last}]` : String(last ?? "the definition");
}

function butIs(shape: Shape, path: readonly PropertyKey[]): string {
  const { tree, rest } = deepest(shape.tree, path);
  return rest.length > 0 ? "" : `; it is ${shown(plain(tree))}`;
}

function typeHint(expected: string | undefined, value: unknown): string | undefined {
  if (expected === "string" && (typeof value === "number" || typeof value === "boolean")) {
    return `Put quotes around it: "${value}".`;
  }
  if (expected === "boolean" && typeof value === "string") return "Write true or false, without quotes.";
  if (expected === "number" && typeof value === "string") return "Write a number, without quotes.";
  return expected === "array" && typeof value !== "object" ? "Write a list: [a, b]." : undefined;
}

function article(type: string): string {
  const names: Record<string, string> = {
    string: "a text",
    int: "a whole number",
    number: "a number",
    boolean: "true or false",
    array: "a list",
    record: "an object",
    object: "an object",
    null: "null",
  };
  return names[type] ?? type;
}

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
