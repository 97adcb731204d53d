import { messageOf } from "../../core/errors.ts";
import { compileJsonSchema, type JsonSchema } from "../../core/json-schema.ts";
import { shown } from "../../core/shown.ts";
import { hasPatterns } from "../model/fields.ts";
import { inputTypes, isOfType } from "../model/inputs.ts";
import type { Finding } from "../problem.ts";
import { type Branch, memberOf, plain, textOf } from "../reading/tree.ts";
import { allSteps, type OutlineList } from "./outline.ts";
import { localsOf } from "./visibility.ts";

const reserved = ["inputs", "input", "steps", "secrets"];

/** Defaults that do not fit, and names that would hide others. */
export function checkInputs(fields: Branch, root: OutlineList): Finding[] {
  const inputs = memberOf(fields, "inputs");
  const names = inputs?.kind === "branch" ? [...inputs.entries] : [];
  return [
    ...names.flatMap(([name, tree]) => [
      ...(reserved.includes(name) ? [nameFinding(tree, `${name} cannot be the name of an input`)] : []),
      ...(tree.kind === "branch" ? declarationFindings(name, tree) : []),
    ]),
    ...variableFindings(root),
  ];
}

function declarationFindings(name: string, tree: Branch): Finding[] {
  const value = memberOf(tree, "default");
  const required = memberOf(tree, "required");
  if (value === undefined) return [];
  const place = { at: value.at, field: value.field };
  const given = plain(value);
  const type = inputTypes.find((one) => one === textOf(tree, "type"));
  if (type !== undefined && given !== null && !isOfType(given, type)) {
    const message = `the default of ${name} must be of the type ${type}; it is ${shown(given)}`;
    return [{ code: "invalid_field", ...place, message }];
  }
  const misfit = schemaMisfit(tree, given);
  if (misfit !== undefined) return [{ code: "invalid_field", ...place, message: `the default of ${name}: ${misfit}` }];
  if (required === undefined || plain(required) !== true) return [];
  const message = `${name} is required, so its default is never used`;
  return [{ severity: "warning", code: "invalid_field", ...place, message, hint: "Keep one of required and default." }];
}

function schemaMisfit(tree: Branch, value: unknown): string | undefined {
  const schema = memberOf(tree, "schema");
  if (schema?.kind !== "branch") return undefined;
  const given = Object.fromEntries(
    [...schema.entries].map(([key, member]) => [key, plain(member)]),
  ) satisfies JsonSchema;
  // A hostile pattern can be made to run for ever; the run's own input is checked elsewhere.
  if (hasPatterns(given)) return undefined;
  try {
    return compileJsonSchema(given)(value)[0];
  } catch (error) {
    return `its schema cannot be used: ${messageOf(error)}`;
  }
}

/** A loop variable must not hide a step or what is everywhere. */
function variableFindings(root: OutlineList): Finding[] {
  const steps = allSteps(root);
  const ids = new Set(steps.map(({ id }) => id));
  return steps.flatMap((step) => {
    const leaf = memberOf(step.tree, "item_variable");
    const [name = ""] = localsOf(step);
    if (leaf === undefined || !(ids.has(name) || reserved.includes(name))) return [];
    return [nameFinding(leaf, `item_variable ${name} hides a step or the inputs`)];
  });
}

function nameFinding({ at, field }: { at: Finding["at"]; field: string }, message: string): Finding {
  return { code: "invalid_field", at, field, message, hint: "Choose another name." };
}
