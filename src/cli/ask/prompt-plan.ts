import type { JsonSchema } from "../../core/json-schema.ts";

/** How a person is asked for a value of a schema. */
export type PromptPlan =
  | { readonly kind: "go-on" }
  | { readonly kind: "confirm"; readonly initial?: boolean }
  | { readonly kind: "select"; readonly options: readonly Choice[] }
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

/** Keywords that a prompt cannot follow: then the value is typed as JSON. */
const beyondPrompts = ["$ref", "allOf", "not", "if", "patternProperties", "dependentRequired", "dependentSchemas"];

/** @param schema of the answer; null where any will do */
export function promptPlan(schema: JsonSchema | null): PromptPlan {
  if (schema === null) return { kind: "go-on" };
  return beyondPrompts.some((keyword) => keyword in schema) ? { kind: "json" } : planOf(schema);
}

function planOf(schema: JsonSchema): PromptPlan {
  const options = choicesOf(schema);
  if (options !== undefined) return { kind: "select", options };
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

/** The values of an `enum`, a `const`, or alternatives that are each a `const`. */
function choicesOf(schema: JsonSchema): Choice[] | undefined {
  if (Array.isArray(schema["enum"])) return schema["enum"].map((value) => ({ value, label: labelOf(value) }));
  if ("const" in schema) return [choiceOf(schema)];
  const alternatives = schema["oneOf"] ?? schema["anyOf"];
  if (!Array.isArray(alternatives) || !alternatives.every((one) => isSchema(one) && "const" in one)) return undefined;
  return alternatives.map(choiceOf);
}

function choiceOf({ const: value, title, description }: JsonSchema): Choice {
  return {
    value,
    label: typeof title === "string" ? title : labelOf(value),
    ...(typeof description === "string" && { hint: description }),
  };
}

function planOfArray({ items }: JsonSchema): PromptPlan {
  const options = isSchema(items) ? choicesOf(items) : undefined;
  return options === undefined ? { kind: "json" } : { kind: "multiselect", options };
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

function labelOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
