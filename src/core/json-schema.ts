import { createRequire } from "node:module";
import type { Ajv2020 } from "ajv/dist/2020.js";
import { boundedPattern } from "./bounded-pattern.ts";
import { UserError } from "./errors.ts";
import { problemsOf } from "./schema-problems.ts";

export type JsonSchema = { [key: string]: unknown };

/** Longest `pattern` that is compiled: a hostile one can hang the process. */
const longestPattern = 500;
const largestSchema = 100_000;

const require = createRequire(import.meta.url);
const compiled = new WeakMap<JsonSchema, (value: unknown) => string[]>();
let ajv: Ajv2020 | undefined;

/**
 * A function that lists what is wrong with a value, each as `field: what`; empty when it fits.
 * @throws UserError `invalid_input` when the schema itself is wrong
 */
export function compileJsonSchema(schema: JsonSchema): (value: unknown) => string[] {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const validate = compile(schema);
  const check = (value: unknown) => (validate(value) ? [] : problemsOf(validate.errors ?? []));
  compiled.set(schema, check);
  return check;
}

function compile(schema: JsonSchema) {
  refuseHostile(schema);
  ajv ??= createAjv();
  try {
    return ajv.compile(schema);
  } catch (error) {
    throw new UserError("invalid_input", `the schema is not valid JSON Schema: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    // Ajv keeps every schema that it has seen; those of recorded waits are read anew each time.
    ajv.removeSchema(schema);
  }
}

/** Loaded when first needed: most processes that start never validate. */
function createAjv(): Ajv2020 {
  const { Ajv2020: Constructor } = require("ajv/dist/2020.js") as typeof import("ajv/dist/2020.js");
  const { default: addFormats } = require("ajv-formats") as typeof import("ajv-formats");
  const code = { regExp: boundedPattern };
  const created = new Constructor({ strict: false, allErrors: true, verbose: true, logger: false, code });
  (addFormats as unknown as (ajv: Ajv2020) => void)(created);
  return created;
}

function refuseHostile(schema: JsonSchema): void {
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (key === "pattern" && typeof value === "string" && value.length > longestPattern) {
      throw new UserError(
        "too_large",
        `the schema holds a pattern of ${value.length} characters (${longestPattern} at most)`,
      );
    }
    return value;
  });
  if (text.length > largestSchema) {
    throw new UserError("too_large", `the schema is ${text.length} characters long (${largestSchema} at most)`);
  }
}
