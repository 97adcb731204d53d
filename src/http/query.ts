import type { Operation } from "../tools/operation.ts";
import { inputSchemaOf, type JsonSchema } from "../tools/published-schemas.ts";

/**
 * Query parameters as the arguments of an operation, in the types that its input names. What cannot be read stays
 * text, so that the operation's own error says what it should be.
 */
export function argumentsOf(operation: Operation, query: URLSearchParams): Record<string, unknown> {
  const properties = schemaIn(inputSchemaOf(operation)["properties"]);
  // A record without a prototype: `__proto__` is an argument like any other, for the operation to refuse.
  const args: Record<string, unknown> = Object.create(null);
  for (const name of new Set(query.keys())) {
    const schema = schemaIn(properties[name]);
    const texts = query.getAll(name);
    const [text = ""] = texts;
    if (schema["type"] === "array") args[name] = listOf(texts, schemaIn(schema["items"]));
    else args[name] = texts.length === 1 ? typed(text, schema) : texts;
  }
  return { ...args };
}

function schemaIn(value: unknown): JsonSchema {
  return typeof value === "object" && value !== null ? (value as JsonSchema) : {};
}

/** One name repeated, or one JSON array. */
function listOf(texts: string[], items: JsonSchema): unknown {
  const [first = ""] = texts;
  const whole = texts.length === 1 && first.startsWith("[") ? parsed(first) : undefined;
  return Array.isArray(whole) ? whole : texts.map((text) => typed(text, items));
}

function typed(text: string, { type, anyOf }: JsonSchema): unknown {
  switch (type) {
    case "string":
      return text;
    case "number":
    case "integer":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
    case "boolean":
      return text === "true" || text === "false" ? text === "true" : text;
    case "object":
      return parsed(text) ?? text;
    default:
      return Array.isArray(anyOf) ? (parsed(text) ?? text) : text;
  }
}

/** Undefined for what is no JSON, and for `null`, which stands for nothing in a query. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
