import type { Operation } from "../tools/operation.ts";
import { inputSchemaOf, type JsonSchema } from "../tools/published-schemas.ts";
import { reasonNotToType } from "./exceptions.ts";

/** How the text of a flag becomes a value. */
export type FlagKind =
  | { readonly type: "text"; readonly choices?: readonly string[] }
  | { readonly type: "number" }
  | { readonly type: "boolean" }
  /** JSON, and nothing else. */
  | { readonly type: "json" }
  /** JSON; what is no JSON is taken as text. */
  | { readonly type: "value" }
  | { readonly type: "list"; readonly item: FlagKind }
  | { readonly type: "record"; readonly value: FlagKind };

/** A field of an operation's input as a flag. */
export interface Flag {
  readonly field: string;
  /** The long name, without the dashes in front. */
  readonly name: string;
  readonly kind: FlagKind;
  readonly description: string;
  readonly isRequired: boolean;
  readonly fallback: unknown;
  /** Why the value is taken only from a file or stdin. */
  readonly neverTyped: string | undefined;
}

/** @param renamed fields that have another name on the command line */
export function flagsOf(operation: Operation, renamed: Readonly<Record<string, string>> = {}): Flag[] {
  const { properties, required } = inputSchemaOf(operation);
  const needed = Array.isArray(required) ? required : [];
  return Object.entries(schemasIn(properties)).map(([field, schema]) => ({
    field,
    name: renamed[field] ?? field.replaceAll("_", "-"),
    kind: kindOf(schema),
    description: typeof schema["description"] === "string" ? schema["description"] : "",
    isRequired: needed.includes(field),
    fallback: schema["default"],
    neverTyped: reasonNotToType(operation.name, field),
  }));
}

export function kindOf(schema: JsonSchema): FlagKind {
  if (Array.isArray(schema["enum"])) return { type: "text", choices: schema["enum"].map(String) };
  if (Array.isArray(schema["anyOf"])) return kindOfUnion(schema["anyOf"].filter(isSchema));
  switch (schema["type"]) {
    case "string":
      return { type: "text" };
    case "number":
    case "integer":
      return { type: "number" };
    case "boolean":
      return { type: "boolean" };
    case "array":
      return { type: "list", item: isSchema(schema["items"]) ? kindOf(schema["items"]) : { type: "value" } };
    case "object":
      return kindOfObject(schema);
    default:
      return { type: "value" };
  }
}

function kindOfUnion(members: readonly JsonSchema[]): FlagKind {
  const types = members.map(({ type }) => type);
  const isNested = types.includes("object") || types.includes("array");
  if (types.includes("string")) return isNested ? { type: "value" } : { type: "text" };
  const [only, ...others] = members.filter(({ type }) => type !== "null");
  return only !== undefined && others.length === 0 ? kindOf(only) : { type: "json" };
}

function kindOfObject(schema: JsonSchema): FlagKind {
  if (schema["properties"] !== undefined) return { type: "json" };
  const values = schema["additionalProperties"];
  return { type: "record", value: isSchema(values) ? kindOf(values) : { type: "value" } };
}

function schemasIn(properties: unknown): Record<string, JsonSchema> {
  if (!isSchema(properties)) return {};
  return Object.fromEntries(
    Object.entries(properties).filter((entry): entry is [string, JsonSchema] => isSchema(entry[1])),
  );
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
