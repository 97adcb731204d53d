import { z } from "zod";
import type { Operation } from "./operation.ts";

/**
 * The words that answers are made of: names of operations, of their arguments and of the fields that they answer, and
 * the words that stand in these. A secret whose value is one of them would make every answer unreadable.
 */
export function ownWords(operations: readonly Operation[]): string[] {
  const words = operations.flatMap(({ name, input, output, outputShown }) => [
    name,
    ...[input, output, outputShown ?? output].flatMap((schema) => wordsIn(z.toJSONSchema(schema, { io: "input" }))),
  ]);
  return [...new Set(words)];
}

/** Names of properties and the texts that a schema allows. */
function wordsIn(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap(wordsIn);
  return Object.entries(schema).flatMap(([keyword, part]: [string, unknown]) => {
    if (keyword === "properties")
      return [...Object.keys(Object(part)), ...Object.values(Object(part)).flatMap(wordsIn)];
    if (keyword === "enum" && Array.isArray(part)) return part.map(String);
    return keyword === "const" ? [String(part)] : wordsIn(part);
  });
}
