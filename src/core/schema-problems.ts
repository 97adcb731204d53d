import type { ErrorObject } from "ajv/dist/2020.js";
import { choicesOf, optionProblem, optionsIn, type Schema } from "./schema-choices.ts";

const unions = ["anyOf", "oneOf"];

/**
 * What is wrong with a value, each as `field: what`; alternatives are one problem, not the sum of their branches.
 * @param errors of ajv with `verbose`
 */
export function problemsOf(errors: readonly ErrorObject[]): string[] {
  const told = errors.filter((error) => error.keyword !== "if" || errors.length === 1);
  // An alternative that fails comes after the problems of its branches.
  const failed = told.filter(({ keyword }) => unions.includes(keyword));
  const isOfBranch = (error: ErrorObject) => failed.some((union) => union !== error && isBelow(error, union));
  const problems = told
    .filter((error) => !isOfBranch(error))
    .flatMap((error) => branchProblems(error, told) ?? [describe(error)]);
  return [...new Set(problems)];
}

/** Where only one branch is for such a value, what is wrong by that one. */
function branchProblems(union: ErrorObject, errors: readonly ErrorObject[]): string[] | undefined {
  const branches: unknown = union.schema;
  if (!unions.includes(union.keyword) || !Array.isArray(branches) || listsValues(union)) return undefined;
  const errorsOf = branches.map((_, at) => errors.filter((error) => isUnder(error, `${union.schemaPath}/${at}`)));
  const near = errorsOf.filter((of) => of.length > 0 && !of.some((error) => isForOthers(error, union)));
  const [only] = near;
  return near.length === 1 && only !== undefined && errorsOf.every((of) => of.length > 0)
    ? problemsOf(only)
    : undefined;
}

function listsValues({ parentSchema = {} }: ErrorObject): boolean {
  return (optionsIn(parentSchema) ?? choicesOf(parentSchema)) !== undefined;
}

/** The value is of another kind than the branch, or its fields name another branch. */
function isForOthers({ keyword, instancePath }: ErrorObject, union: ErrorObject): boolean {
  if (instancePath === union.instancePath) return ["type", "const", "enum"].includes(keyword);
  const isField = instancePath.slice(union.instancePath.length).lastIndexOf("/") === 0;
  return isField && keyword === "const";
}

function isBelow(error: ErrorObject, union: ErrorObject): boolean {
  if (!`${error.instancePath}/`.startsWith(`${union.instancePath}/`)) return false;
  if (isUnder(error, union.schemaPath)) return true;
  // What a branch refers to fails at the place of its definition.
  return /^#\/(?:\$defs|definitions)\//.test(error.schemaPath) && JSON.stringify(union.schema).includes('"$ref"');
}

function isUnder({ schemaPath }: ErrorObject, place: string): boolean {
  return schemaPath.startsWith(`${place}/`);
}

function describe(error: ErrorObject): string {
  const path = error.instancePath.replace(/^\//, "").replaceAll("/", ".").replaceAll("~1", "/").replaceAll("~0", "~");
  return `${path === "" ? "" : `${path}: `}${what(error)}`;
}

function what(error: ErrorObject): string {
  switch (error.keyword) {
    case "required":
      return `the field ${JSON.stringify(error.params["missingProperty"])} is missing`;
    case "additionalProperties":
      return `the field ${JSON.stringify(error.params["additionalProperty"])} is unknown`;
    case "enum":
      return `must be one of ${JSON.stringify(error.params["allowedValues"])}`;
    case "const":
      return `must be ${JSON.stringify(error.params["allowedValue"])}`;
    case "anyOf":
    case "oneOf":
      return alternatives(error);
    default:
      return error.message ?? error.keyword;
  }
}

function alternatives({ keyword, schema, parentSchema, data, params, message }: ErrorObject): string {
  const whole: Schema = parentSchema ?? {};
  const options = optionsIn(whole);
  if (options !== undefined) return optionProblem(options, data);
  if (Array.isArray(params["passingSchemas"])) return `${message ?? keyword}: it fits several`;
  const choices = choicesOf(whole);
  if (choices !== undefined) return `must be one of ${JSON.stringify(choices.map(({ value }) => value))}`;
  const branches: unknown[] = Array.isArray(schema) ? schema : [];
  return `must be one of these: ${[...new Set(branches.map(branchText))].join("; or ")}`;
}

/** An alternative in a few words: its values, its title, its fields or its type. */
function branchText(branch: unknown): string {
  if (typeof branch !== "object" || branch === null) return JSON.stringify(branch);
  const { title, type, properties, required, $ref, ...others } = branch as Schema;
  const choices = choicesOf(branch as Schema);
  if (choices !== undefined) return choices.map(({ value }) => JSON.stringify(value)).join(", ");
  if (typeof title === "string") return title;
  if (typeof properties === "object" && properties !== null) {
    const needed: unknown[] = Array.isArray(required) ? required : [];
    const fields = Object.keys(properties).map((name) => (needed.includes(name) ? name : `${name}?`));
    return `an object with ${fields.join(", ")}`;
  }
  if (typeof $ref === "string") return $ref.split("/").at(-1) ?? $ref;
  if (type !== undefined) return [type].flat().map(String).join(" or ");
  return JSON.stringify(others).slice(0, 100);
}
