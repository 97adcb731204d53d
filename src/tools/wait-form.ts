import type { JsonSchema } from "../core/json-schema.ts";
import { choicesOf, optionsIn, type SchemaChoice } from "../core/schema-choices.ts";

/** How a person is asked on a form what a wait asks. */
export type WaitForm =
  | { readonly kind: "go-on" }
  /** One of these, and a comment if there is something to say. */
  | { readonly kind: "options"; readonly choices: readonly SchemaChoice[] }
  /** One value. */
  | { readonly kind: "value"; readonly field: FormField }
  /** An object, field by field. */
  | { readonly kind: "fields"; readonly fields: readonly FormField[] }
  /** More than a form can hold. */
  | { readonly kind: "json" };

export interface FormField {
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly isRequired: boolean;
  readonly input: FormInput;
  /** As the wait writes it. */
  readonly schema: JsonSchema;
}

export type FormInput =
  | { readonly kind: "boolean" }
  | { readonly kind: "text" }
  | { readonly kind: "number" }
  | { readonly kind: "choice" | "choices"; readonly choices: readonly SchemaChoice[] };

/** Keywords that no form can follow: then the value is typed as JSON. */
export const beyondForms = ["$ref", "allOf", "not", "if", "patternProperties", "dependentRequired", "dependentSchemas"];

/** @param schema of the answer; null where any will do */
export function waitForm(schema: JsonSchema | null): WaitForm {
  if (schema === null) return { kind: "go-on" };
  const choices = optionsIn(schema);
  if (choices !== undefined) return { kind: "options", choices };
  if (beyondForms.some((keyword) => keyword in schema)) return { kind: "json" };
  const input = inputOf(schema);
  if (input !== undefined) return { kind: "value", field: fieldOf("value", schema, { input, isRequired: true }) };
  return fieldsOf(schema) ?? { kind: "json" };
}

/** The value that an answer on such a form stands for; choices come by their keys. */
export function valueOnForm(form: WaitForm, content: Readonly<Record<string, unknown>>): unknown {
  switch (form.kind) {
    case "go-on":
      return true;
    case "options": {
      const option = chosen(form.choices, content["option"]);
      const comment = typeof content["comment"] === "string" ? content["comment"].trim() : "";
      return comment === "" ? option : { option, comment };
    }
    case "value":
      return valueOfField(form.field, content[form.field.name]);
    case "fields": {
      const said = form.fields.filter(({ name }) => content[name] !== undefined);
      return Object.fromEntries(said.map((field) => [field.name, valueOfField(field, content[field.name])]));
    }
    case "json":
      return content["value"];
    default:
      return form satisfies never;
  }
}

function inputOf(schema: JsonSchema): FormInput | undefined {
  const choices = choicesOf(schema);
  if (choices !== undefined) return { kind: "choice", choices };
  if (beyondForms.some((keyword) => keyword in schema) || "anyOf" in schema || "oneOf" in schema) return undefined;
  switch (schema["type"]) {
    case "boolean":
      return { kind: "boolean" };
    case "string":
      return { kind: "text" };
    case "number":
    case "integer":
      return { kind: "number" };
    case "array": {
      const several = isSchema(schema["items"]) ? choicesOf(schema["items"]) : undefined;
      return several && { kind: "choices", choices: several };
    }
    default:
      return undefined;
  }
}

/** Undefined where a field of it is no flat one: the whole is typed then. */
function fieldsOf({ type, properties, required, anyOf, oneOf }: JsonSchema): WaitForm | undefined {
  if (type !== "object" || !isSchema(properties) || anyOf !== undefined || oneOf !== undefined) return undefined;
  const needed: unknown[] = Array.isArray(required) ? required : [];
  const fields = Object.entries(properties).flatMap(([name, schema]): FormField[] => {
    const input = isSchema(schema) ? inputOf(schema) : undefined;
    if (input === undefined || !isSchema(schema)) return [];
    return [fieldOf(name, schema, { input, isRequired: needed.includes(name) })];
  });
  const isFlat = fields.length > 0 && fields.length === Object.keys(properties).length;
  const isWhole = needed.every((name) => typeof name === "string" && Object.hasOwn(properties, name));
  return isFlat && isWhole ? { kind: "fields", fields } : undefined;
}

function fieldOf(name: string, schema: JsonSchema, known: Pick<FormField, "input" | "isRequired">): FormField {
  const { title, description } = schema;
  return {
    name,
    title: typeof title === "string" ? title : undefined,
    description: typeof description === "string" ? description : undefined,
    schema,
    ...known,
  };
}

function valueOfField({ input }: FormField, said: unknown): unknown {
  if (input.kind === "choice") return chosen(input.choices, said);
  if (input.kind === "choices" && Array.isArray(said)) return said.map((key: unknown) => chosen(input.choices, key));
  return said;
}

/** What is none of them goes on as it is, for the wait to refuse. */
function chosen(choices: readonly SchemaChoice[], key: unknown): unknown {
  const choice = choices.find((one) => one.key === key);
  return choice === undefined ? key : choice.value;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
