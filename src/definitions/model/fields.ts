import { z } from "zod";
import { parseDuration } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import type { Limits } from "../../core/guardrails.ts";
import { compileJsonSchema, type JsonSchema } from "../../core/json-schema.ts";

/** What names steps, inputs and loop variables. */
const identifierForm = /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/;
export const nameForm = /^[a-z0-9]+(-[a-z0-9]+)*$/;

export const identifier = z
  .string()
  .regex(identifierForm, "must begin with a letter and go on with letters, digits, _ or - (100 at most)");

export const workflowName = z
  .string()
  .max(100, "must have at most 100 characters")
  .regex(nameForm, "must be in kebab-case: small letters and digits, with - between words");

/** A text that may hold references. */
export const text = z.string();
export const filledText = z.string().regex(/\S/, "must not be empty");
export const oneLine = z.string().min(1, "must not be empty").max(500, "must have at most 500 characters");

export const wholeNumber = z.int("must be a whole number").min(0, "must be 0 or more");
export const count = z.int("must be a whole number").min(1, "must be 1 or more");
export const concurrency = count.max(100, "must be at most 100");

/** In the file a number of seconds or "90s", "15m", "2h"; in the model milliseconds. */
export const duration = z
  .union([z.string(), z.number()], {
    error: 'must be a duration such as "90s", "15m" or "2h"; a bare number is seconds',
  })
  .transform((value, context) => {
    try {
      return parseDuration(value, "s");
    } catch {
      context.addIssue('must be a duration such as "90s", "15m" or "2h"; a bare number is seconds');
      return z.NEVER;
    }
  })
  .meta({ description: 'A duration such as "90s", "15m" or "2h"; a bare number is seconds' });

const mostRegexLength = 500;

/** A JSON Schema in the file; that it is one is checked here. */
export const jsonSchema = z
  .record(z.string(), z.unknown(), { error: "must be a JSON Schema, an object" })
  .superRefine((schema, context) => {
    try {
      compileJsonSchema(schema);
    } catch (error) {
      context.addIssue({ code: "custom", message: messageOf(error), params: { code: "bad_schema" } });
    }
  })
  .transform((schema): JsonSchema => schema);

/** Whether checking a value against a schema may take long: patterns can be made to. */
export function hasPatterns(schema: JsonSchema): boolean {
  return /"(pattern|patternProperties|format)":/.test(JSON.stringify(schema).slice(0, mostRegexLength * 1_000));
}

export const model = oneLine.meta({ description: "An alias or provider:model" });

export const guardrailFields = {
  max_requests: wholeNumber,
  max_tokens: wholeNumber,
  max_tool_calls: wholeNumber,
  max_turns: wholeNumber,
  max_cost_usd: z.number().min(0, "must be 0 or more"),
  max_time: duration,
  on_exceed: z.enum(["fail", "ask"]),
};

export const guardrails = z
  .strictObject(guardrailFields)
  .partial()
  .transform((given) => given as Limits);

/** Own code for a rule that zod does not know; see `shape-findings.ts`. */
export function refuse(
  context: z.RefinementCtx,
  path: PropertyKey[],
  { message, code = "invalid_field", hint }: { message: string; code?: string; hint?: string },
): void {
  context.addIssue({ code: "custom", path, message, params: { code, hint } });
}
