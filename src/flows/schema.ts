import { compileJsonSchema, type JsonSchema } from "../core/json-schema.ts";
import { shown } from "../core/shown.ts";
import { MisuseError } from "./errors.ts";

/** A zod schema, or any other that implements Standard Schema and can be told as JSON Schema. */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** What `schema` and `input` options take. */
export type SchemaLike<Output = unknown> = StandardSchema<Output> | JsonSchema;

/** The value that a schema lets through. */
export type SchemaOutput<S> = S extends { readonly "~standard": { readonly types?: infer T } }
  ? NonNullable<T> extends { readonly output: infer Output }
    ? Output
    : unknown
  : unknown;

export interface NormalSchema {
  readonly json: JsonSchema;
  /** @throws Error that names the field and what was wrong */
  parse(value: unknown): Promise<unknown>;
}

/**
 * Reads a schema once into what the engine needs of it.
 * @throws MisuseError when it is none, or one that JSON Schema cannot express
 */
export function normalizeSchema(schema: SchemaLike, where: string): NormalSchema {
  checkSchema(schema, where);
  if ("~standard" in schema) return normalizeStandard(schema as StandardSchema, where);
  const json = schema as JsonSchema;
  try {
    compileJsonSchema(json);
  } catch (error) {
    throw new MisuseError(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return {
    json,
    async parse(value) {
      const problems = compileJsonSchema(json)(value);
      if (problems.length > 0) throw new Error(problems.join("; "));
      return value;
    },
  };
}

/** @throws MisuseError when it is none at all; whether its parts make sense is seen when it is read */
export function checkSchema(schema: unknown, where: string): void {
  if (typeof schema === "object" && schema !== null && !Array.isArray(schema)) return;
  if (typeof schema === "function" && "~standard" in schema) return;
  throw new MisuseError(`${where}: ${shown(schema)} is no schema; pass a zod schema or a JSON Schema object`);
}

function normalizeStandard(schema: StandardSchema, where: string): NormalSchema {
  const json = toJsonSchema(schema, where);
  return {
    json,
    async parse(value) {
      const result = (await schema["~standard"].validate(value)) as {
        value?: unknown;
        issues?: readonly { message: string; path?: readonly (PropertyKey | { key: PropertyKey })[] }[];
      };
      if (result.issues === undefined) return result.value;
      throw new Error(result.issues.map(({ message, path }) => `${pathText(path)}${message}`).join("; "));
    },
  };
}

function toJsonSchema(schema: StandardSchema, where: string): JsonSchema {
  const converter = (schema["~standard"] as { jsonSchema?: { input?: (options: object) => unknown } }).jsonSchema;
  if (typeof converter?.input !== "function") {
    throw new MisuseError(
      `${where}: this schema cannot be told as JSON Schema; use zod 4.2 or newer, or a JSON Schema`,
    );
  }
  try {
    const { $schema: _, ...json } = converter.input({ target: "draft-2020-12" }) as JsonSchema & { $schema?: string };
    return json;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MisuseError(`${where}: JSON Schema cannot express this schema (${reason}); use types that JSON has`, {
      cause: error,
    });
  }
}

function pathText(path: readonly (PropertyKey | { key: PropertyKey })[] | undefined): string {
  if (path === undefined || path.length === 0) return "";
  return `${path.map((step) => String(typeof step === "object" ? step.key : step)).join(".")}: `;
}
