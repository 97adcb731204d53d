import { compileJsonSchema, type JsonSchema } from "../core/json-schema.ts";

/** What a model answered where an object is asked for: the value, or what is wrong with it. */
export type Structured = { kind: "fits"; value: unknown } | { kind: "misfit"; problems: string[] };

/**
 * The schema as it is sent. Providers want an object at the top, so another value is asked for as the field `value`
 * of one.
 */
export function sentSchema(schema: JsonSchema): JsonSchema {
  if (schema["type"] === "object") return schema;
  const { $schema, $defs, definitions, ...value } = schema;
  return {
    type: "object",
    properties: { value },
    required: ["value"],
    additionalProperties: false,
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
  };
}

/** Reads an answer, and holds it against the schema that was asked for. */
export function readStructured(text: string, schema: JsonSchema): Structured {
  const parsed = parseAnswer(text);
  if (parsed === undefined) return { kind: "misfit", problems: ["it is no JSON"] };
  const value = schema["type"] === "object" ? parsed.value : unwrapped(parsed.value);
  const problems = compileJsonSchema(schema)(value);
  return problems.length === 0 ? { kind: "fits", value } : { kind: "misfit", problems };
}

function unwrapped(value: unknown): unknown {
  return typeof value === "object" && value !== null && "value" in value ? value.value : value;
}

/** Small models put what they are asked for between fences. */
const fenced = /```(?:json)?\s*\n([\s\S]*?)\n\s*```/;

function parseAnswer(text: string): { value: unknown } | undefined {
  for (const candidate of [text, fenced.exec(text)?.[1]]) {
    if (candidate === undefined) continue;
    try {
      return { value: JSON.parse(candidate) };
    } catch {
      // The other form is tried, and when none is JSON the answer is a misfit.
    }
  }
  return undefined;
}

/** Said to models whose server may take no schema, or may not hold them to it. */
export function schemaInstructions(schema: JsonSchema): string {
  return `Answer with only a JSON object that fits this JSON Schema:\n${JSON.stringify(schema)}`;
}

export function repairInstructions(problems: readonly string[]): string {
  return `Your answer does not fit what was asked for:\n${problems.map((one) => `- ${one}`).join("\n")}\nAnswer again, with only the corrected JSON.`;
}

const strictKeywords = new Set([
  ...["$schema", "$defs", "definitions", "$ref", "title", "description", "type", "properties", "required", "enum"],
  ...["additionalProperties", "items", "anyOf", "const", "format", "pattern", "minimum", "maximum", "multipleOf"],
  ...["exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"],
]);

/** Whether OpenAI's strict mode takes a schema: it knows few words, and wants every field required and no others. */
export function isStrictSchema(schema: unknown): boolean {
  if (!isRecord(schema)) return schema === true;
  if (!Object.keys(schema).every((keyword) => strictKeywords.has(keyword))) return false;
  const { properties, required, additionalProperties, items, anyOf, $defs, definitions } = schema;
  const isObject = schema["type"] === "object" || properties !== undefined;
  if (isObject && (additionalProperties !== false || !isRecord(properties) || !areRequired(properties, required))) {
    return false;
  }
  const below = [properties, $defs, definitions].flatMap((map) => (isRecord(map) ? Object.values(map) : []));
  const all = [...below, ...(Array.isArray(anyOf) ? anyOf : []), ...(items === undefined ? [] : [items])];
  return all.every(isStrictSchema);
}

function areRequired(properties: Record<string, unknown>, required: unknown): boolean {
  return Object.keys(properties).every((name) => Array.isArray(required) && required.includes(name));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
