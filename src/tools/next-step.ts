import type { App } from "../app.ts";
import { type ExecutionStatus, isTerminal } from "../core/statuses.ts";
import type { Execution } from "./app-types.ts";
import { remedyOf } from "./blocked.ts";
import { callText, iso } from "./display.ts";
import { exampleValue } from "./example-value.ts";
import type { ExecutionView } from "./execution-schema.ts";
import { askPerson, raiseAdvice, raisedBy } from "./guardrail-advice.ts";
import { canRetry, type FailedExecution, retryRepeats } from "./retry-advice.ts";

interface Known extends Pick<ExecutionView, "pending_waits" | "overdue" | "counts" | "result_preview" | "children"> {
  /** What the workers are busy with, where the execution waits for its turn. */
  busyWith: readonly string[];
}

/** One sentence, or two, with the call that makes sense now. */
export function nextStep(app: App, execution: Execution, view: Known): string {
  switch (execution.status) {
    case "completed":
      return afterCompletion(execution, view);
    case "failed":
      return afterFailure(app, execution);
    case "cancelled":
      return `It was cancelled. ${callText("executions_replay", { execution_id: execution.id })} starts it anew.`;
    case "paused":
      return `It is paused. ${callText("executions_resume", { execution_id: execution.id })} lets it go on; executions_cancel ends it.`;
    case "queued":
    case "running":
    case "waiting":
      return whileOpen(app, execution, view);
    default:
      return execution satisfies never;
  }
}

function afterCompletion({ id }: Execution, { counts, result_preview: preview }: Known): string {
  const result =
    preview === undefined
      ? "It has completed; result is what it returned."
      : "It has completed; result_preview says how to read the result.";
  const saved =
    counts.artifacts === 0 ? "" : ` ${callText("artifacts_list", { execution_id: id })} shows what it saved.`;
  return `${result}${saved}`;
}

function afterFailure(app: App, execution: FailedExecution): string {
  const { id, failure } = execution;
  const logs = `failure tells why; ${callText("executions_logs", { execution_id: id })} shows what it printed.`;
  const raise = raiseAdvice(app, execution);
  if (raise !== undefined) return `It failed: ${logs} ${raise}`;
  if (canRetry(failure) && !retryRepeats(app, execution)) {
    return `It failed: ${logs} Once the cause is gone, ${callText("executions_retry", { execution_id: id })} tries again what failed; if the code must change, edit the file and use executions_replay with code "current".`;
  }
  return `It failed: ${logs} A retry would fail the same way: mend the workflow's file and call ${callText("executions_replay", { execution_id: id, code: "current" })}, or pass another input.`;
}

function whileOpen(app: App, execution: Execution & { wakeAt?: number | null }, view: Known): string {
  const now = iso(app.clock.now());
  const open = view.pending_waits.filter(({ expires_at: at }) => at === null || at > now);
  if (open.length > 0 && execution.status !== "queued") return answerIt(execution, open, isBusy(execution, open, view));
  const look = callText("executions_get", { execution_id: execution.id, wait_seconds: 30 });
  if (execution.blockedReason !== null) {
    const remedy = remedyOf(execution.blockedReason, execution.id);
    return `It cannot go on (blocked_reason) and is tried again from time to time. ${remedy} Then ${look}.`;
  }
  if (view.overdue !== null)
    return `${unclaimed(app, execution.status, { since: view.overdue.since, busyWith: view.busyWith })} Then ${look}.`;
  const child = view.children.find(({ status }) => !isTerminal(status as ExecutionStatus));
  if (execution.status === "waiting" && child !== undefined) return whileChildrenRun(app, execution, child, look);
  if (execution.status === "waiting" && execution.wakeAt != null) {
    return `It sleeps until ${iso(execution.wakeAt)}; ${look} looks again.`;
  }
  if (execution.pauseRequested) return `It pauses before its next checkpoint begins; ${look} waits for that.`;
  return `It is ${execution.status}; ${look} waits for it.`;
}

function whileChildrenRun(
  app: App,
  { seq }: Execution,
  first: ExecutionView["children"][number],
  look: string,
): string {
  const asking = app.store.families.askingBelow(seq);
  if (asking !== undefined) {
    return `An execution below it asks something (${asking.workflow}): ${callText("executions_get", { execution_id: asking.id })} shows what, and how to answer.`;
  }
  const below = callText("executions_get", { execution_id: first.execution_id });
  return `It waits for its children: ${below} shows how ${first.workflow} gets on; ${look} waits for the end.`;
}

/** A checkpoint that waits for a higher limit has begun, and does nothing. */
function isBusy({ status }: Execution, open: ExecutionView["pending_waits"], { counts }: Known): boolean {
  return status === "running" && counts.running > open.filter((wait) => raisedBy(wait) !== undefined).length;
}

function answerIt({ id }: Execution, waits: ExecutionView["pending_waits"], goesOn: boolean): string {
  const [first] = waits;
  const others = waits.length > 1 ? ` ${waits.length} waits are pending: name the one that you answer.` : "";
  const rest = `${refusedAnswers(waits)}${others}${goesOn ? " The rest of it still runs." : ""}`;
  const limit = first && raisedBy(first);
  if (first !== undefined && limit !== undefined) return `${askPerson(id, limit, first, waits.length > 1)}${rest}`;
  const args = {
    execution_id: id,
    ...(waits.length > 1 && { wait: first?.name }),
    value: first?.schema == null ? true : exampleValue(first.schema),
  };
  return `It asks: see pending_waits. Answer with ${callText("executions_input", args)}, with the value that is meant.${rest}`;
}

function refusedAnswers(waits: ExecutionView["pending_waits"]): string {
  const refused = waits.filter(({ refused_answer: answer }) => answer !== null).map(({ name }) => name);
  return refused.length === 0 ? "" : ` The last answer to ${refused.join(", ")} did not fit: see refused_answer.`;
}

function unclaimed(
  app: App,
  status: string,
  { since, busyWith }: { since: string; busyWith: readonly string[] },
): string {
  const what = status === "running" ? "Its worker has gone silent" : "It is due and nobody runs it";
  const alive = livingWorkers(app);
  if (alive === 0) return `${what} since ${since}: no worker lives. Start one with \`savepoint worker\`.`;
  const holders = busyWith.length === 0 ? "" : ` They run ${busyWith.join(", ")}.`;
  return `${what} since ${since}: all workers are busy.${holders}`;
}

function livingWorkers(app: App): number | undefined {
  try {
    return app.stack.workers().length;
  } catch {
    return undefined;
  }
}
