import type { JsonSchema } from "../../core/json-schema.ts";
import { choicesOf, optionsIn, type SchemaChoice } from "../../core/schema-choices.ts";
import { beyondForms } from "../../tools/wait-form.ts";

/** How a person is asked for a value of a schema. */
export type PromptPlan =
  | { readonly kind: "go-on" }
  | { readonly kind: "confirm"; readonly initial?: boolean }
  | { readonly kind: "select"; readonly options: readonly Choice[] }
  /** One of these, and a comment if there is something to say. */
  | { readonly kind: "options"; readonly options: readonly Choice[] }
  | { readonly kind: "multiselect"; readonly options: readonly Choice[] }
  | { readonly kind: "text"; readonly initial?: string }
  | { readonly kind: "number"; readonly initial?: string }
  | { readonly kind: "fields"; readonly fields: readonly FieldPlan[] }
  | { readonly kind: "json" };

export interface Choice {
  readonly value: unknown;
  readonly label: string;
  readonly hint?: string;
}

export interface FieldPlan {
  readonly name: string;
  readonly question: string;
  readonly isRequired: boolean;
  readonly schema: JsonSchema;
  readonly plan: PromptPlan;
}

/** @param schema of the answer; null where any will do */
export function promptPlan(schema: JsonSchema | null): PromptPlan {
  if (schema === null) return { kind: "go-on" };
  const options = optionsIn(schema);
  if (options !== undefined) return { kind: "options", options: options.map(choiceOf) };
  return beyondForms.some((keyword) => keyword in schema) ? { kind: "json" } : planOf(schema);
}

function planOf(schema: JsonSchema): PromptPlan {
  const options = choicesOf(schema);
  if (options !== undefined) return { kind: "select", options: options.map(choiceOf) };
  if ("anyOf" in schema || "oneOf" in schema) return { kind: "json" };
  const initial = schema["default"];
  switch (schema["type"]) {
    case "boolean":
      return { kind: "confirm", ...(typeof initial === "boolean" && { initial }) };
    case "string":
      return { kind: "text", ...(typeof initial === "string" && { initial }) };
    case "number":
    case "integer":
      return { kind: "number", ...(typeof initial === "number" && { initial: String(initial) }) };
    case "array":
      return planOfArray(schema);
    case "object":
      return planOfObject(schema);
    default:
      return { kind: "json" };
  }
}

function choiceOf({ value, label, hint }: SchemaChoice): Choice {
  return { value, label, ...(hint !== undefined && { hint }) };
}

function planOfArray({ items }: JsonSchema): PromptPlan {
  const options = isSchema(items) ? choicesOf(items) : undefined;
  return options === undefined ? { kind: "json" } : { kind: "multiselect", options: options.map(choiceOf) };
}

function planOfObject({ properties, required }: JsonSchema): PromptPlan {
  if (!isSchema(properties) || Object.keys(properties).length === 0) return { kind: "json" };
  const needed = Array.isArray(required) ? required : [];
  const fields = Object.entries(properties).map(([name, schema]): FieldPlan => {
    const known = isSchema(schema) ? schema : {};
    const plan = promptPlan(known);
    return {
      name,
      question: questionOf(name, known),
      isRequired: needed.includes(name),
      schema: known,
      // A form within a form would lose the reader.
      plan: plan.kind === "fields" ? { kind: "json" } : plan,
    };
  });
  return { kind: "fields", fields };
}

function questionOf(name: string, { title, description }: JsonSchema): string {
  const heading = typeof title === "string" ? title : name;
  return typeof description === "string" ? `${heading}: ${description}` : heading;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
