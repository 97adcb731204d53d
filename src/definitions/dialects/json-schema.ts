import type { JsonSchema } from "../../core/json-schema.ts";
import { declarationKeys } from "../model/inputs.ts";
import { guardrailNames } from "./guardrails.ts";
import { inputTypeNames } from "./inputs.ts";
import { commonNames, fieldNames, liftedMaps, stepTypeNames } from "./steps.ts";
import { triggerFieldNames, triggerTypeNames } from "./triggers.ts";

type Names = Readonly<Record<string, string>>;
interface ObjectSchema extends JsonSchema {
  properties: Record<string, JsonSchema>;
}

const map = { type: "object" };

/** The schema of the model, which also takes the names that other systems have for its types and fields. */
export function withOtherNames(schema: JsonSchema): JsonSchema {
  const whole = visited(schema);
  if (!isObjectSchema(whole)) return whole;
  const { properties } = withNames(whole, { timeout_seconds: "timeout" });
  const trigger = properties["triggers"]?.["items"] ?? map;
  const others = { workflow: map, trigger, steps: orMap(properties["steps"]), agent: agentSchema(whole) };
  return { ...whole, properties: { ...properties, ...others } };
}

function visited(schema: JsonSchema): JsonSchema {
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, visitedValue(value)]));
  if (!isObjectSchema(inner)) return inner;
  const { properties } = inner;
  if ("max_requests" in properties) return withNames(inner, guardrailNames);
  if ("required" in properties && "default" in properties) return declarationSchema(inner);
  const type = properties["type"]?.["const"];
  if (typeof type !== "string") return inner;
  return "id" in properties ? stepSchema(inner, type) : triggerSchema(inner, type);
}

function visitedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(visitedValue);
  return isSchema(value) ? visited(value) : value;
}

function stepSchema(schema: ObjectSchema, type: string): JsonSchema {
  const own = { ...commonNames, ...fieldNames[type], name: "id" };
  const named = withNames(withType(schema, type, stepTypeNames), own);
  const { properties } = named;
  const lists = ["then", "else", "steps", "parallel_steps"].filter((key) => key in properties);
  const maps = [liftedMaps[type], type === "function" ? undefined : "config"].filter((key) => key !== undefined);
  const others = {
    continue_on_error: { type: "boolean" },
    timeout_minutes: { type: "number" },
    depends_on: { anyOf: [{ type: "string" }, properties["depends_on"] ?? {}] },
    ...Object.fromEntries(lists.map((key) => [key, orMap(properties[key])])),
    ...Object.fromEntries(maps.map((key) => [key, map])),
  };
  return relaxed({ ...named, properties: { ...properties, ...others } }, own, maps);
}

function triggerSchema(schema: ObjectSchema, type: string): JsonSchema {
  const named = withNames(withType(schema, type, triggerTypeNames), triggerFieldNames);
  return relaxed({ ...named, properties: { ...named.properties, config: map } }, triggerFieldNames, ["config"]);
}

/** An object that declares nothing is a default. */
function declarationSchema(schema: ObjectSchema): JsonSchema {
  const { type = {} } = schema.properties;
  const known: unknown[] = Array.isArray(type["enum"]) ? type["enum"] : [];
  const properties = { ...schema.properties, type: { ...type, enum: [...known, ...Object.keys(inputTypeNames)] } };
  const isDefault = { type: "object", not: { anyOf: declarationKeys.map((key) => ({ required: [key] })) } };
  return { anyOf: [{ ...schema, properties }, isDefault] };
}

/** Without steps the agent's settings are those of a step. */
function agentSchema({ properties }: ObjectSchema): JsonSchema {
  const { agent = {} } = properties;
  return { description: agent["description"], ...map };
}

function withType(schema: ObjectSchema, type: string, names: Names): ObjectSchema {
  const others = Object.keys(names).filter((name) => names[name] === type);
  const all = [...new Set([type, type.replaceAll("_", "-"), ...others])];
  return { ...schema, properties: { ...schema.properties, type: { type: "string", enum: all } } };
}

/** With each other name beside the field that it stands for. */
function withNames(schema: ObjectSchema, names: Names): ObjectSchema {
  const { properties } = schema;
  const others = Object.entries(names).flatMap(([other, name]) => {
    const field = properties[name];
    return field === undefined || other in properties ? [] : [[other, field] as const];
  });
  return { ...schema, properties: { ...properties, ...Object.fromEntries(others) } };
}

/** What is required may stand under another name, or in a map whose fields are the step's own. */
function relaxed(schema: ObjectSchema, names: Names, maps: readonly string[]): JsonSchema {
  const { required, ...rest } = schema;
  const fields: string[] = Array.isArray(required) ? required.map(String) : [];
  const allOf = fields.map((field) => {
    const others = Object.keys(names).filter((name) => names[name] === field);
    const elsewhere = field === "id" || field === "type" ? [] : maps;
    return { anyOf: [field, ...others, ...elsewhere].map((name) => ({ required: [name] })) };
  });
  return { ...rest, allOf };
}

/** A list, or a map by ids, as TOML writes it. */
function orMap(list: JsonSchema = {}): JsonSchema {
  return { anyOf: [list, { type: "object", additionalProperties: map }] };
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isObjectSchema(schema: JsonSchema): schema is ObjectSchema {
  const { properties } = schema;
  return isSchema(properties) && Object.values(properties).every(isSchema);
}
