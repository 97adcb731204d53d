import type { JsonSchema } from "../../core/json-schema.ts";
import { inputTypes, isOfType } from "../model/inputs.ts";
import { type Finding, nameHint } from "../problem.ts";
import { type Branch, memberOf, plain, type Tree, textOf } from "../reading/tree.ts";
import { isJsonPath } from "../values/json-path.ts";
import { isTemplate } from "../values/template.ts";

/** What a step gives to a workflow whose inputs are known; what a template makes is checked when it runs. */
export function childInputFindings(step: Branch, inputs: ReadonlyMap<string, JsonSchema> | undefined): Finding[] {
  const name = textOf(step, "workflow") ?? "";
  const schema = inputs?.get(name);
  const input = memberOf(step, "input");
  if (schema === undefined || (input !== undefined && input.kind !== "branch")) return [];
  const { properties, required } = schema;
  const declared = new Map(typeof properties === "object" && properties !== null ? Object.entries(properties) : []);
  const given = input?.entries ?? new Map<string, Tree>();
  const needed = (Array.isArray(required) ? required.map(String) : []).filter((one) => !given.has(one));
  const { at, field } = input ?? step;
  return [
    ...[...given].flatMap(([key, value]) =>
      declared.has(key)
        ? typeFindings(key, value, declared.get(key))
        : [unknownInput(key, value, name, declared.keys())],
    ),
    ...needed.map((one): Finding => {
      const hint = `Write input: { ${one}: … }.`;
      return { code: "missing_field", at, field, message: `${name} needs the input ${one}`, hint };
    }),
  ];
}

function unknownInput(key: string, { keyAt, field }: Tree, name: string, names: Iterable<string>): Finding {
  const hint = nameHint(key, names, "It takes no input.");
  return { code: "unknown_key", at: keyAt, field, message: `${name} has no input ${key}`, hint };
}

function typeFindings(key: string, value: Tree, declared: unknown): Finding[] {
  if (
    value.kind === "leaf" &&
    typeof value.value === "string" &&
    (isTemplate(value.value) || isJsonPath(value.value))
  ) {
    return [];
  }
  const type = typeof declared === "object" && declared !== null && "type" in declared ? declared.type : undefined;
  const expected = inputTypes.find((one) => one === type);
  if (expected === undefined || isOfType(plain(value), expected)) return [];
  const message = `the input ${key} must be of the type ${expected}`;
  return [{ code: "invalid_field", at: value.at, field: value.field, message }];
}
