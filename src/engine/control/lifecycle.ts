import { UserError } from "../../core/errors.ts";
import type { Limits } from "../../core/guardrails.ts";
import { isTerminal } from "../../core/statuses.ts";
import { wholeExecution } from "../../store/budgets.ts";
import type { Execution } from "../../store/execution.ts";
import type { Store } from "../../store/store.ts";
import { retryFailed } from "../activation/reopening.ts";
import type { Committer } from "../committer.ts";
import { cancelWithDescendants } from "../family.ts";
import type { EngineContext } from "../ports.ts";
import { findExecution } from "./find.ts";
import { reread } from "./runs.ts";

/** Ends an execution that has not ended, and all below it; a second cancel changes nothing. */
export async function cancel(context: EngineContext, committer: Committer, id: string): Promise<Execution> {
  return change(context, committer, id, (execution, now) => {
    if (execution.status === "cancelled") return;
    if (isTerminal(execution.status)) throw refuse(execution, "cancelled", "It has ended; nothing is left to cancel.");
    cancelWithDescendants(context.store, execution, "the execution was cancelled", now);
  });
}

/** Holds an execution: at once when it is not running, else at its next checkpoint. */
export async function pause(context: EngineContext, committer: Committer, id: string): Promise<Execution> {
  return change(context, committer, id, (execution, now) => {
    switch (execution.status) {
      case "running":
        context.store.executions.requestPause(execution.seq);
        return context.store.events.append(execution.seq, { type: "execution_pause_requested", at: now });
      case "queued":
      case "waiting":
        context.store.executions.setControl(execution.seq, { ...unchanged(execution), status: "paused", wakeAt: null });
        return context.store.events.append(execution.seq, { type: "execution_paused", at: now });
      case "paused":
        throw refuse(execution, "paused", "It is paused already; executions_resume lets it go on.");
      default:
        throw refuse(execution, "paused", "It has ended; executions_replay starts it anew.");
    }
  });
}

/** Lets a paused execution go on, or takes back a pause that has not taken effect. */
export async function resume(context: EngineContext, committer: Committer, id: string): Promise<Execution> {
  return change(context, committer, id, (execution, now) => {
    if (execution.status === "paused") {
      context.store.executions.setControl(execution.seq, { ...unchanged(execution), status: "queued", wakeAt: now });
    } else if (execution.status === "running" && execution.pauseRequested) {
      context.store.executions.dropPauseRequest(execution.seq);
    } else throw refuse(execution, "resumed", resumeHint(execution));
    context.store.events.append(execution.seq, { type: "execution_resumed", at: now });
  });
}

/** Runs a failed execution again under the same id: what completed stays, what failed is tried again. */
export async function retry(
  context: EngineContext,
  committer: Committer,
  id: string,
  { limits }: { limits?: Limits | undefined } = {},
): Promise<Execution> {
  return change(context, committer, id, (execution, now) => {
    if (execution.status !== "failed") throw refuse(execution, "retried", retryHint(execution));
    if (limits !== undefined) raise(context.store, execution, limits);
    if (retryFailed(context.store, execution, now)) return;
    throw refuse(
      execution,
      "retried",
      'No checkpoint, wait or child failed: the flow\'s own code did, and would again. Mend it and use executions_replay with code: "current".',
    );
  });
}

function raise({ budgets }: Store, { seq }: Execution, limits: Limits): void {
  const place = { seq, ordinal: wholeExecution };
  const row = budgets.find(place);
  budgets.setLimits(place, { ...row?.limits, ...limits });
  if (row !== undefined)
    budgets.setWarned(
      place,
      row.warned.filter((name) => !Object.hasOwn(limits, name)),
    );
}

async function change(
  context: EngineContext,
  committer: Committer,
  id: string,
  decide: (execution: Execution, now: number) => void,
): Promise<Execution> {
  return committer.run(() => {
    const execution = findExecution(context.store, id);
    decide(execution, context.clock.now());
    return reread(context, execution.seq);
  });
}

function unchanged({ attempt, deadlineAt }: Execution) {
  return { attempt, deadlineAt, failure: null, endedAt: null };
}

function refuse(execution: Execution, verb: string, hint: string): UserError {
  return new UserError("invalid_state", `execution ${execution.id} is ${execution.status} and cannot be ${verb}`, {
    hint,
    details: { status: execution.status },
  });
}

function resumeHint(execution: Execution): string {
  if (execution.status === "waiting")
    return "It waits: executions_get shows for what. Answer it with executions_input.";
  return isTerminal(execution.status) ? "It has ended; executions_replay starts it anew." : "It is not paused.";
}

function retryHint({ status }: Execution): string {
  return isTerminal(status)
    ? "Only failed executions are retried; executions_replay starts a new one from any checkpoint."
    : "It has not ended; look at it with executions_get.";
}
