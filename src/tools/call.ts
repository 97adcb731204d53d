import type { App } from "../app.ts";
import { isUserError, UserError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import { argumentError, refuseLostKeys } from "./argument-problems.ts";
import { type CallError, callError } from "./call-error.ts";
import { catalogue } from "./catalogue.ts";
import { groupOf } from "./groups.ts";
import type { AskByForm, CallContext, HandlerContext, Operation, ProgressReport } from "./operation.ts";

export type CallOutcome = { ok: true; value: Record<string, unknown> } | { ok: false; error: CallError };

/**
 * Calls an operation with arguments as they arrive from outside. The one place where its errors are caught, and where
 * every answer, error and report of progress is rid of known secrets, whatever surface it goes to.
 */
export async function callOperation(caller: CallContext, name: string, args: unknown): Promise<CallOutcome> {
  const { protection } = caller.app.store;
  const redactValue = <T>(value: T) => (isPlain(name) ? value : protection.redactValue(value));
  const progress = caller.progress && redactedProgress(caller.progress, redactValue);
  const askByForm = caller.askByForm && redactedForm(caller.askByForm, redactValue);
  const context: HandlerContext = { ...caller, progress, askByForm, operations: catalogue };
  const blindness = isPlain(name) ? undefined : blindnessOf(caller);
  if (blindness !== undefined) return { ok: false, error: blindness };
  try {
    return { ok: true, value: redactValue(await perform(context, operationNamed(name, caller.offered), args ?? {})) };
  } catch (error) {
    return { ok: false, error: redactValue(callError(context.app, error, context.onProblem)) };
  }
}

/** Without the key nobody can tell what is secret in an answer, so there is none. */
function blindnessOf({ app, onProblem }: CallContext): CallError | undefined {
  try {
    app.store.protection.refresh();
    return undefined;
  } catch (error) {
    if (!isUserError(error)) return callError(app, error, onProblem);
    const { code, message, hint = null } = error;
    return { code, message, hint, details: null };
  }
}

function redactedProgress(
  progress: (report: ProgressReport) => void,
  redactValue: <T>(value: T) => T,
): (report: ProgressReport) => void {
  return ({ completed, message }) => progress({ completed, message: redactValue(message) });
}

function redactedForm(asking: AskByForm, redactValue: <T>(value: T) => T): AskByForm {
  return {
    ...asking,
    ask: ({ message, form, signal }) => asking.ask({ message: redactValue(message), form: redactValue(form), signal }),
  };
}

async function perform(context: HandlerContext, operation: Operation, args: unknown): Promise<Record<string, unknown>> {
  refuseLostKeys(operation, args);
  const input = operation.input.safeParse(args);
  if (!input.success) throw argumentError(operation, input.error.issues, args);
  refuseSecretLabels(context.app, operation, input.data);
  const answer = await operation.handler(context, input.data);
  const output = operation.output.safeParse(answer);
  if (!output.success)
    throw new Error(`${operation.name} answered what its schema does not allow`, { cause: output.error });
  return output.data as Record<string, unknown>;
}

/** These tell nothing that a workflow or a person wrote, and must answer when the master key is gone. */
function isPlain(name: string): boolean {
  return name === "status" || name === "secrets_list" || name === "stacks_list";
}

/** These are kept as they are, to be compared with, so that nothing in them can be sealed or redacted. */
const labels = ["tags", "idempotency_key", "wait"];

function refuseSecretLabels({ store }: App, operation: Operation, args: Record<string, unknown>): void {
  const found = labels.find((name) => {
    const text = args[name] === undefined ? "" : JSON.stringify(args[name]);
    return text !== "" && store.protection.redact(text) !== text;
  });
  if (found === undefined) return;
  throw new UserError("invalid_input", `${operation.name}: ${found} holds the value of a secret`, {
    hint: "Choose another text: this one is kept in the clear. The call has changed nothing.",
  });
}

function operationNamed(name: string, offered = catalogue): Operation {
  const operation = offered.find((one) => one.name === name);
  if (operation !== undefined) return operation;
  const names = offered.map((one) => one.name);
  const elsewhere = catalogue.find((one) => one.name === name);
  if (elsewhere !== undefined) {
    const group = groupOf(elsewhere);
    throw new UserError("not_found", `the operation ${name} is not offered here`, {
      hint: `A person starts the server with --groups or SAVEPOINT_GROUPS naming ${group}.`,
      details: { operations: names },
    });
  }
  throw new UserError("not_found", `there is no operation ${JSON.stringify(name.slice(0, 100))}`, {
    hint: didYouMean(name, names) ?? `There are: ${names.join(", ")}.`,
    details: { operations: names },
  });
}
