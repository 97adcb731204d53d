import type { Json } from "../core/values.ts";

type Schema = Record<string, unknown>;

const deepest = 6;

/** A value that fits a JSON Schema, for hints: the shortest that its plain keywords allow. */
export function exampleValue(schema: unknown, root: unknown = schema, depth = 0): Json {
  if (!isSchema(schema) || depth > deepest) return null;
  const given = givenExample(schema);
  if (given !== undefined) return given;
  if (typeof schema.$ref === "string") return exampleValue(resolve(root, schema.$ref), root, depth + 1);
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const [first] = list(schema[key]);
    if (first !== undefined) return exampleValue(first, root, depth + 1);
  }
  return exampleOfType(schema, root, depth);
}

function givenExample(schema: Schema): Json | undefined {
  const [example] = list(schema.examples);
  const [option] = list(schema.enum);
  return (schema.const ?? example ?? schema.default ?? option) as Json | undefined;
}

function exampleOfType(schema: Schema, root: unknown, depth: number): Json {
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case "boolean":
      return true;
    case "number":
    case "integer":
      return exampleNumber(schema);
    case "string":
      return exampleText(schema);
    case "array":
      return Array.from({ length: number(schema.minItems, 0) }, () => exampleValue(schema.items, root, depth + 1));
    case "null":
      return null;
    default:
      return isSchema(schema.properties) ? exampleObject(schema, root, depth) : true;
  }
}

function exampleObject(schema: Schema, root: unknown, depth: number): Json {
  const properties = isSchema(schema.properties) ? schema.properties : {};
  const required = list(schema.required).map(String);
  return Object.fromEntries(required.map((name) => [name, exampleValue(properties[name], root, depth + 1)]));
}

function exampleNumber(schema: Schema): number {
  const minimum = number(schema.minimum, 0);
  const least = minimum > 0 ? minimum : 1;
  const above = schema.exclusiveMinimum === undefined ? least : number(schema.exclusiveMinimum, 0) + 1;
  return Math.min(Math.max(least, above), number(schema.maximum, Number.POSITIVE_INFINITY));
}

const texts: Record<string, string> = {
  date: "2026-01-31",
  "date-time": "2026-01-31T10:00:00Z",
  email: "someone@example.com",
  uri: "https://example.com",
  uuid: "00000000-0000-4000-8000-000000000000",
};

function exampleText({ format, minLength }: Schema): string {
  const known = typeof format === "string" ? texts[format] : undefined;
  return known ?? "…".padEnd(Math.min(number(minLength, 1), 100), "…");
}

function resolve(root: unknown, reference: string): unknown {
  if (!reference.startsWith("#/")) return undefined;
  const steps = reference.slice(2).split("/");
  return steps.reduce((at, step) => (isSchema(at) ? at[step] : undefined), root);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function number(value: unknown, fallback: number): number {
  return typeof value === "number" ? value : fallback;
}
