import { UserError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import { argumentError, refuseLostKeys } from "./argument-problems.ts";
import { type CallError, callError } from "./call-error.ts";
import { catalogue } from "./catalogue.ts";
import type { CallContext, Operation } from "./operation.ts";

export type CallOutcome = { ok: true; value: Record<string, unknown> } | { ok: false; error: CallError };

/** Calls an operation with arguments as they arrive from outside. The one place where its errors are caught. */
export async function callOperation(context: CallContext, name: string, args: unknown): Promise<CallOutcome> {
  try {
    return { ok: true, value: await perform(context, operationNamed(name), args ?? {}) };
  } catch (error) {
    return { ok: false, error: callError(context.app, error, context.onProblem) };
  }
}

async function perform(context: CallContext, operation: Operation, args: unknown): Promise<Record<string, unknown>> {
  refuseLostKeys(operation, args);
  const input = operation.input.safeParse(args);
  if (!input.success) throw argumentError(operation, input.error.issues, args);
  const answer = await operation.handler(context, input.data);
  const output = operation.output.safeParse(answer);
  if (!output.success)
    throw new Error(`${operation.name} answered what its schema does not allow`, { cause: output.error });
  return output.data as Record<string, unknown>;
}

function operationNamed(name: string): Operation {
  const operation = catalogue.find((one) => one.name === name);
  if (operation !== undefined) return operation;
  const names = catalogue.map((one) => one.name);
  throw new UserError("not_found", `there is no operation ${JSON.stringify(name.slice(0, 100))}`, {
    hint: didYouMean(name, names) ?? `There are: ${names.join(", ")}.`,
    details: { operations: names },
  });
}
