import { z } from "zod";
import { isUserError, UserError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";
import { refuseRaising } from "./agent-family.ts";
import { callText } from "./display.ts";
import { exampleValue } from "./example-value.ts";
import { type ExecutionView, executionSchema, executionShown } from "./execution-schema.ts";
import { anyJson, executionId, idempotencyKey, waitSeconds } from "./fields.ts";
import { defineOperation } from "./operation.ts";
import { watchedView } from "./watching.ts";
import { jsonAsText } from "./workflow-input.ts";

const input = z.strictObject({
  execution_id: executionId(),
  value: anyJson().describe("The answer; it must fit the wait's schema. A wait without a schema takes any value."),
  wait: z.string().min(1).optional().describe("Name or wait_id; needed when several are pending."),
  early: z
    .boolean()
    .default(false)
    .describe("Keep the answer for a wait that is not asked yet, and that the call names."),
  idempotency_key: idempotencyKey(),
  wait_seconds: waitSeconds(5),
});

export const executionsInput = defineOperation({
  name: "executions_input",
  title: "Answer a wait",
  description:
    "Answers a question that an execution waits with, then answers the execution when it ends, asks again, or wait_seconds are over. " +
    "The first answer wins; one that does not fit the schema changes nothing. pending_waits of executions_get, or executions_waits, show what is asked.",
  input,
  output: executionSchema,
  outputShown: executionShown,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  example: { execution_id: "0199a3f2", value: true },
  async handler(context, args) {
    const { app } = context;
    const execution = app.findExecution(args.execution_id);
    const { id } = execution;
    refuseRaising(app, execution, args.wait);
    const { value, wait, early, idempotency_key: idempotencyKey } = args;
    const answer = { wait, value, early, idempotencyKey, answeredBy: context.caller };
    const answered = await app.engine.answer(id, answer).catch((error: unknown) => {
      throw withExample(error, args);
    });
    const isKept = (name: string) => early && app.store.earlyAnswers.find(answered.seq, name) !== undefined;
    const keptFor = wait !== undefined && isKept(wait) ? wait : undefined;
    app.stack.ensureWorker({ isAsked: true });
    const view = await watchedView(context, answered, { seconds: args.wait_seconds });
    if (keptFor === undefined) return view;
    return { ...view, next: `${keptNote(keptFor, isKept(keptFor), view)} ${view.next}` };
  },
});

function keptNote(name: string, isStillKept: boolean, view: ExecutionView): string {
  const quoted = JSON.stringify(name);
  if (!isStillKept) return `The answer was kept for wait ${quoted}, which has been asked since.`;
  if (view.ended_at !== null) return `The answer was kept for wait ${quoted}, which was never asked.`;
  const pending = view.pending_waits.map((one) => one.name);
  const isNear = nearest(name, pending).length > 0;
  const meant = isNear ? ` Pending now: ${pending.join(", ")}. Did you mean that?` : "";
  return `The answer is kept for wait ${quoted}, until that is asked.${meant}`;
}

/** A refused value comes back with one that would do. */
function withExample(error: unknown, { execution_id: id, wait, value }: z.output<typeof input>): unknown {
  const schema = isUserError(error) ? error.details?.schema : undefined;
  if (!isUserError(error) || typeof schema !== "object" || schema === null) return error;
  const args = { execution_id: id, ...(wait !== undefined && { wait }), value: exampleValue(schema) };
  const hints = [
    error.hint,
    ...jsonAsText(schema as Record<string, unknown>, value),
    `Example: ${callText("executions_input", args)}`,
  ];
  return new UserError(error.code, error.message, {
    hint: hints.filter((hint) => hint !== undefined).join(" "),
    details: error.details,
    cause: error,
  });
}
