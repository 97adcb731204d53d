import { isUserError, UserError } from "../../core/errors.ts";
import { perform, tell } from "../answers.ts";
import { exitCodes, statusNotes } from "../exit-codes.ts";
import { collect } from "../operation-command.ts";
import { jsonOrText, pairOf } from "../values.ts";
import { actAndWait, addWaitingFlags } from "./waiting.ts";
import type { WordCall, WordDetails } from "./word-details.ts";

export const runDetails: WordDetails = {
  examples: [
    "savepoint run flows/review.ts:review -i topic=tea --follow",
    `savepoint run review --input '{"topic":"tea"}' --wait 10m`,
    "savepoint run review --input @input.json --output json",
    "savepoint run release-notes -i tag=v1.2.0 --dry-run",
  ],
  notes: statusNotes,
  extend(command) {
    command.option("-i, --field <key=value>", "one field of the input, JSON or text. Repeatable.", collect);
    command.option("--dry-run", "run nothing: show the plan, and exit with 1 where the run could not begin");
    addWaitingFlags(command, { isNamed: true, fallback: "5 seconds" });
  },
  async act(call) {
    const fields = fieldsOf(call.options["field"]);
    if (call.options["dryRun"] === true) return plan(call, fields);
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

/** `--dry-run` */
async function plan(call: WordCall, fields: Pairs): Promise<number> {
  const { session, spoken } = call;
  const ask = ({ target, input, models, timeouts }: Record<string, unknown>) =>
    perform(session, "workflows_plan", { workflow: target, input, models, timeouts }, spoken);
  const answer = await ask(withFields(call, fields, jsonOrText));
  const texts = new Set(inputsOf(answer).flatMap(({ name, type }) => (type === "string" ? [name] : [])));
  const isMistaken = fields.some(([key, text]) => texts.has(key) && typeof jsonOrText(text) !== "string");
  const read = (text: string, key: string) => (texts.has(key) ? text : jsonOrText(text));
  const planned = isMistaken ? await ask(withFields(call, fields, read)) : answer;
  await tell(session, "workflows_plan", planned);
  return planned["valid"] === true ? exitCodes.ok : exitCodes.failed;
}

function inputsOf({ inputs }: Readonly<Record<string, unknown>>): { name: unknown; type: unknown }[] {
  return Array.isArray(inputs) ? inputs.map((one) => ({ name: inside(one, "name"), type: inside(one, "type") })) : [];
}

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
