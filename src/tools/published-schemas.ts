import { z } from "zod";
import type { Operation } from "./operation.ts";

export type JsonSchema = { [key: string]: unknown };

export function inputSchemaOf(operation: Operation): JsonSchema {
  return published(operation.input);
}

export function outputSchemaOf(operation: Operation): JsonSchema {
  return published(operation.outputShown ?? operation.output);
}

/** Objects of answers stay open, so that a client that kept an older schema can read a newer server's answers. */
function published(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
  return portable(json);
}

/**
 * The same schema without spellings that some clients drop or refuse (lists of types) and without keywords that say
 * next to nothing: a client's model reads every word of every operation.
 */
function portable(schema: JsonSchema): JsonSchema {
  const { type, properties, items, anyOf, additionalProperties, propertyNames: _, ...others } = schema;
  const rest = Object.fromEntries(Object.entries(others).filter(([keyword, value]) => !isNoise(keyword, value)));
  return {
    ...(Array.isArray(type) ? { anyOf: type.map((one) => ({ type: one })) } : type !== undefined && { type }),
    ...rest,
    ...(Array.isArray(anyOf) && { anyOf: anyOf.map(portable) }),
    ...(isSchema(items) && { items: portable(items) }),
    ...(isSchema(properties) && Object.keys(properties).length > 0 && { properties: eachPortable(properties) }),
    ...(additionalProperties === false && { additionalProperties }),
    ...(isSchema(additionalProperties) &&
      Object.keys(additionalProperties).length > 0 && { additionalProperties: portable(additionalProperties) }),
  };
}

/** That a text must not be empty, is no book, and that a whole number is one. */
function isNoise(keyword: string, value: unknown): boolean {
  if (keyword === "minLength") return value === 1;
  if (keyword === "maxLength") return Number(value) >= 200;
  return (keyword === "maximum" || keyword === "minimum") && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER;
}

function eachPortable(properties: JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, isSchema(schema) ? portable(schema) : schema]),
  );
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
