import { UserError } from "../core/errors.ts";
import { compileJsonSchema, type JsonSchema } from "../core/json-schema.ts";

/**
 * A value that fits a JSON Schema, the same for the same schema: the first of what is allowed, the least number, and
 * texts such as "mock_title" that name their field.
 * @throws UserError `unsupported` where it can make none, for a pattern for example
 */
export function schemaValue(schema: JsonSchema, field = "value"): unknown {
  const value = new SchemaValues(schema).value(schema, field, 0);
  const problems = compileJsonSchema(schema)(value);
  if (problems.length === 0) return value;
  throw new UserError("unsupported", `fromSchema() cannot make a value for this schema: ${problems.join("; ")}`, {
    hint: "Pass the value itself, or those fields that it cannot make: fromSchema({ code: 'A-1' }).",
    details: { value, problems },
  });
}

/** Deeper, only what is required is made: a schema may refer to itself. */
const deepest = 6;

class SchemaValues {
  readonly #root: JsonSchema;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  value(schema: unknown, field: string, depth: number): unknown {
    if (!isSchema(schema)) return `mock_${field}`;
    const { $ref, anyOf, oneOf, allOf, examples } = schema;
    if ("const" in schema) return schema["const"];
    if ("default" in schema) return schema["default"];
    if (Array.isArray(examples) && examples.length > 0) return examples[0];
    if (Array.isArray(schema["enum"])) return schema["enum"][0];
    if (typeof $ref === "string") return this.value(this.#referred($ref), field, depth);
    const choices = [anyOf, oneOf].find((list) => Array.isArray(list));
    if (Array.isArray(choices)) return this.value(choices[0], field, depth);
    if (Array.isArray(allOf)) return this.value(merged(schema, allOf), field, depth);
    return this.#ofType(schema, field, depth);
  }

  #ofType(schema: JsonSchema, field: string, depth: number): unknown {
    const { type } = schema;
    switch (Array.isArray(type) ? type[0] : type) {
      case "object":
        return this.#object(schema, depth);
      case "array":
        return this.#array(schema, field, depth);
      case "integer":
      case "number":
        return numberOf(schema);
      case "boolean":
        return true;
      case "null":
        return null;
      case "string":
        return textOf(schema, field);
      default:
        return isSchema(schema["properties"]) ? this.#object(schema, depth) : `mock_${field}`;
    }
  }

  #object(schema: JsonSchema, depth: number): Record<string, unknown> {
    const properties = isSchema(schema["properties"]) ? schema["properties"] : {};
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    const names = Object.keys(properties).filter((name) => depth < deepest || required.includes(name));
    return Object.fromEntries(names.map((name) => [name, this.value(properties[name], name, depth + 1)]));
  }

  #array(schema: JsonSchema, field: string, depth: number): unknown[] {
    const { prefixItems, items, minItems } = schema;
    if (Array.isArray(prefixItems)) return prefixItems.map((item, i) => this.value(item, `${field}_${i}`, depth + 1));
    const least = typeof minItems === "number" ? minItems : 1;
    const length = depth < deepest ? least : Math.min(least, Number(minItems ?? 0));
    if (length <= 1) return Array.from({ length }, () => this.value(items, field, depth + 1));
    // Several must be told apart: they may have to be unique.
    return Array.from({ length }, (_, i) => this.value(items, `${field}_${i + 1}`, depth + 1));
  }

  #referred(reference: string): unknown {
    const path = reference.replace(/^#\/?/, "").split("/");
    const steps = path.filter((step) => step !== "").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    return steps.reduce<unknown>((at, step) => (isSchema(at) ? at[step] : undefined), this.#root);
  }
}

function merged(schema: JsonSchema, parts: readonly unknown[]): JsonSchema {
  const { allOf: _, ...rest } = schema;
  const all = [rest, ...parts.filter(isSchema)];
  const records = (key: string) => all.map((part) => part[key]).filter(isSchema);
  const required = all.flatMap((part) => (Array.isArray(part["required"]) ? part["required"] : []));
  return Object.assign({}, ...all, { properties: Object.assign({}, ...records("properties")), required });
}

function numberOf(schema: JsonSchema): number {
  const { multipleOf, type } = schema;
  const step = typeof multipleOf === "number" ? multipleOf : type === "integer" ? 1 : 0.5;
  const from = bounds(schema["minimum"], schema["exclusiveMinimum"], step);
  if (from.length > 0) return Math.ceil(Math.max(...from) / step) * step;
  const to = bounds(schema["maximum"], schema["exclusiveMaximum"], -step);
  return Math.floor(Math.min(1, ...to) / step) * step;
}

/** What zod writes for an integer without limits is none that anybody meant. */
function bounds(included: unknown, excluded: unknown, step: number): number[] {
  const isMeant = (value: unknown) => typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  return [...(isMeant(included) ? [Number(included)] : []), ...(isMeant(excluded) ? [Number(excluded) + step] : [])];
}

const formats: Readonly<Record<string, string>> = {
  "date-time": "2030-01-01T00:00:00Z",
  date: "2030-01-01",
  time: "00:00:00Z",
  duration: "P1D",
  email: "mock@example.com",
  uri: "https://example.com/",
  "uri-reference": "/",
  url: "https://example.com/",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uuid: "00000000-0000-4000-8000-000000000000",
};

function textOf({ format, minLength, maxLength }: JsonSchema, field: string): string {
  const known = typeof format === "string" ? formats[format] : undefined;
  if (known !== undefined) return known;
  const text = `mock_${field}`.padEnd(typeof minLength === "number" ? minLength : 0, "_");
  return typeof maxLength === "number" ? text.slice(0, maxLength) : text;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
