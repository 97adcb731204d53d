import { isUserError, UserError } from "../../core/errors.ts";
import { statusNotes } from "../exit-codes.ts";
import { collect } from "../operation-command.ts";
import { jsonOrText, pairOf } from "../values.ts";
import { actAndWait, addWaitingFlags } from "./waiting.ts";
import type { WordCall, WordDetails } from "./word-details.ts";

export const runDetails: WordDetails = {
  examples: [
    "savepoint run flows/review.ts:review -i topic=tea --follow",
    `savepoint run review --input '{"topic":"tea"}' --wait 10m`,
    "savepoint run review --input @input.json --output json",
  ],
  notes: statusNotes,
  extend(command) {
    command.option("-i, --field <key=value>", "one field of the input, JSON or text. Repeatable.", collect);
    addWaitingFlags(command, { isNamed: true, fallback: "5 seconds" });
  },
  async act(call) {
    const fields = fieldsOf(call.options["field"]);
    const run = (args: Record<string, unknown>) => actAndWait(call, { args, fallback: 5, operationWaits: true });
    try {
      return await run(withFields(call, fields, jsonOrText));
    } catch (error) {
      const schema = schemaOf(error);
      const isText = (key: string) => typeOf(schema, key) === "string";
      const isMistaken = fields.some(([key, text]) => isText(key) && typeof jsonOrText(text) !== "string");
      // Nothing was started: what the workflow wants as text was taken for JSON.
      if (!isMistaken) throw error;
      return run(withFields(call, fields, (text, key) => (isText(key) ? text : jsonOrText(text))));
    }
  },
};

type Pairs = readonly (readonly [key: string, text: string])[];

function fieldsOf(given: unknown): Pairs {
  return Array.isArray(given) ? given.map((text) => pairOf(String(text), "-i")) : [];
}

function withFields(
  { args }: WordCall,
  fields: Pairs,
  read: (text: string, key: string) => unknown,
): Record<string, unknown> {
  if (fields.length === 0) return args;
  const { input = {} } = args;
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new UserError("invalid_input", "-i sets fields of an object, and --input is none", {
      hint: "Pass the whole input with --input, or only fields with -i.",
    });
  }
  return { ...args, input: { ...input, ...Object.fromEntries(fields.map(([key, text]) => [key, read(text, key)])) } };
}

function schemaOf(error: unknown): unknown {
  return isUserError(error) && error.code === "invalid_input" ? error.details?.["schema"] : undefined;
}

function typeOf(schema: unknown, key: string): unknown {
  return inside(inside(inside(schema, "properties"), key), "type");
}

function inside(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
