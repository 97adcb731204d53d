import type { JsonSchema } from "../../core/json-schema.ts";
import { optionsIn } from "../../core/schema-choices.ts";

const deepest = 3;

/** A JSON Schema as a person reads it: `{ publish: boolean, comment?: string }`. */
export function schemaText(schema: JsonSchema, depth = 0): string {
  const options = schema["enum"] ?? ("const" in schema ? [schema["const"]] : undefined);
  if (Array.isArray(options)) return options.map((one) => JSON.stringify(one)).join(" | ");
  const choices = optionsIn(schema);
  if (choices !== undefined) {
    return `${choices.map(({ value }) => JSON.stringify(value)).join(" | ")}, or { option, comment }`;
  }
  const alternatives = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(alternatives)) return alternatives.map((one) => nested(one, depth)).join(" | ");
  if (schema["type"] === "array") return `[${nested(schema["items"], depth)}, …]`;
  if (schema["type"] !== "object") return `${plainType(schema)}${limits(schema)}`;
  const { properties, required } = schema;
  if (!isSchema(properties)) return "object";
  const needed = Array.isArray(required) ? required : [];
  const fields = Object.entries(properties).map(
    ([name, field]) => `${name}${needed.includes(name) ? "" : "?"}: ${nested(field, depth)}`,
  );
  return fields.length === 0 ? "object" : `{ ${fields.join(", ")} }`;
}

function nested(schema: unknown, depth: number): string {
  if (!isSchema(schema)) return "any";
  return depth < deepest ? schemaText(schema, depth + 1) : "…";
}

function plainType({ type }: JsonSchema): string {
  if (Array.isArray(type)) return type.join(" | ");
  return typeof type === "string" ? type : "any";
}

function limits({ minimum, maximum, minLength, maxLength }: JsonSchema): string {
  const [least, most] = [minimum ?? minLength, maximum ?? maxLength];
  // What zod writes for every whole number is no limit that anybody meets.
  const told = [least, most].map((one) =>
    typeof one === "number" && Math.abs(one) < Number.MAX_SAFE_INTEGER ? one : "",
  );
  if (told.every((one) => one === "")) return "";
  const unit = minLength !== undefined || maxLength !== undefined ? " characters" : "";
  return ` (${told.join("…")}${unit})`;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
