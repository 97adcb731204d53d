import type { Step } from "../definitions/model/steps.ts";
import { type ValueField, valueFields } from "../definitions/validation/value-fields.ts";
import { MissingValueError, type Reference, referenceText } from "../definitions/values/reference.ts";
import { loopNames, type Scope } from "../definitions/values/scope.ts";
import { compileValue } from "../definitions/values/value.ts";
import { fillIn } from "./values.ts";

export interface PlannedFields {
  gets: Record<string, unknown>;
  needs: Record<string, string[]>;
  /** Fields that hold nothing although all that they need is known. */
  missing: { field: string; message: string; hint: string }[];
}

/** What a plan tells elsewhere, or in the steps within. */
const toldElsewhere = new Set([
  ...["id", "type", "title", "description", "timeout", "retry", "on_error", "max_visits"],
  ...["steps", "then", "else"],
]);

/** The fields of a step with what is known before a run; those that need more stay as they are written. */
export function plannedFields(
  step: Step,
  around: { scope: Scope; locals: readonly string[]; missingInputs: readonly string[] },
): PlannedFields {
  const planned: PlannedFields = { gets: {}, needs: {}, missing: [] };
  const kinds = valueFields(step.type);
  for (const [field, value] of Object.entries(step)) {
    if (toldElsewhere.has(field) || value === undefined) continue;
    const form = kinds[field];
    const locals = form?.perItem === true ? [...around.locals, ...itemNames(step)] : around.locals;
    planned.gets[field] = form === undefined ? value : fill(value, { ...around, field, form, locals, planned });
  }
  return planned;
}

function itemNames(step: Step): string[] {
  return "item_variable" in step ? [step.item_variable, ...loopNames] : [];
}

interface Filling {
  field: string;
  form: ValueField;
  scope: Scope;
  locals: readonly string[];
  /** What a run would be refused without. */
  missingInputs: readonly string[];
  planned: PlannedFields;
}

/** Each text by itself: what is known is shown beside what is not. */
function fill(value: unknown, filling: Filling): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => fill(one, filling));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one, filling)]));
  }
  return typeof value === "string" ? fillText(value, filling) : value;
}

function fillText(text: string, filling: Filling): unknown {
  const { field, form, scope, planned } = filling;
  const options = { paths: form.form !== "text" };
  const needs = compileValue(text, options).references.flatMap((one) => needOf(one, filling));
  if (needs.length > 0) {
    planned.needs[field] = [...new Set([...(planned.needs[field] ?? []), ...needs])];
    return text;
  }
  try {
    return fillIn(text, scope, options);
  } catch (error) {
    const isMissing = error instanceof MissingValueError;
    const hint = isMissing ? error.hint : "Mend the text, or give another input.";
    planned.missing.push({ field, message: error instanceof Error ? error.message : String(error), hint });
    return text;
  }
}

/** What a reference needs of a run; nothing where inputs and the clock are enough. */
function needOf({ path, form }: Reference, { scope, locals, missingInputs }: Filling): string[] {
  const [root, second] = path;
  if (root === undefined) return ["every step's output"];
  const name = String(root);
  if (name === "secrets") return [];
  if (locals.includes(name)) return [referenceText(path)];
  if (name === "inputs" || (form === "path" && name === "input")) {
    return missingInputs.includes(String(second)) ? [referenceText(["inputs", ...path.slice(1)])] : [];
  }
  if (form === "path") return [referenceText(["steps", name, "output", ...path.slice(1)])];
  if (missingInputs.includes(name)) return [referenceText(["inputs", ...path])];
  const isKnown = name !== "steps" && name !== "execution_id";
  return isKnown && (Object.hasOwn(scope.inputs, name) || Object.hasOwn(scope.builtIns, name))
    ? []
    : [referenceText(path)];
}
