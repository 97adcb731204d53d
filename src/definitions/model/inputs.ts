import { z } from "zod";
import type { JsonSchema } from "../../core/json-schema.ts";
import { identifier, jsonSchema } from "./fields.ts";

export const inputTypes = ["string", "integer", "number", "boolean", "array", "object"] as const;
export type InputType = (typeof inputTypes)[number];

/** What one input may be. */
export interface InputDeclaration {
  /** Undefined: anything, or what `schema` says. */
  type?: InputType | undefined;
  required: boolean;
  default?: unknown;
  description?: string | undefined;
  schema?: JsonSchema | undefined;
}

const declaration = z
  .strictObject({
    type: z.enum(inputTypes).optional(),
    required: z.boolean().default(false),
    default: z.unknown().optional(),
    description: z.string().optional(),
    schema: jsonSchema.optional(),
  })
  .transform((given): InputDeclaration => given);

const bareDefault = z
  .union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.unknown())])
  .transform((value): InputDeclaration => {
    const type = typeOf(value);
    return { ...(type !== undefined && { type }), required: false, default: value };
  });

/** Declarations, or bare values that are defaults. */
export const inputs = z.record(identifier, z.union([declaration, bareDefault]));
export type Inputs = z.infer<typeof inputs>;

/** The keys by which a map is a declaration and not a default. */
export const declarationKeys = ["type", "required", "default", "description", "schema"];

/** The type that a value has among those of inputs; undefined for null. */
export function typeOf(value: unknown): InputType | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return inputTypes.find((type) => type === typeof value);
}

/** Whether a value is of a type; a whole number is a number as well. */
export function isOfType(value: unknown, type: InputType): boolean {
  const actual = typeOf(value);
  return actual === type || (type === "number" && actual === "integer");
}

/** What the inputs of a run must look like. */
export function inputSchema(declared: Inputs): JsonSchema {
  const entries = Object.entries(declared);
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, one]) => [name, schemaOf(one)])),
    required: entries.filter(([, one]) => one.required && !("default" in one)).map(([name]) => name),
    additionalProperties: false,
  };
}

function schemaOf({ type, description, schema, ...rest }: InputDeclaration): JsonSchema {
  return {
    ...(type !== undefined && { type: rest.default === null ? [type, "null"] : type }),
    ...schema,
    ...(description !== undefined && { description }),
    ...("default" in rest && { default: rest.default }),
  };
}

/** The inputs of a run with the defaults of those that it leaves out; null for those without one. */
export function withDefaults(declared: Inputs, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(declared).map(([name, one]) => [
      name,
      Object.hasOwn(given, name) ? given[name] : "default" in one ? one.default : null,
    ]),
  );
}
