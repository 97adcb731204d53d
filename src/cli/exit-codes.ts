import { isUserError } from "../core/errors.ts";
import type { ExecutionView } from "../tools/execution-schema.ts";

export const exitCodes = {
  ok: 0,
  /** An error, or an execution that failed. */
  failed: 1,
  /** The command line, or the input that it gives, is wrong; nothing was done. */
  usage: 2,
  cancelled: 3,
  /** The execution waits for someone's answer. */
  waiting: 4,
  /** The user left with Ctrl-C; the execution goes on. */
  interrupted: 130,
} as const;

/** Stands in the help of the commands that end as an execution does. */
export const statusNotes: readonly string[] = [
  "Exit codes: 0 completed, or still going on; 1 failed; 2 wrong usage or input; 3 cancelled;",
  "4 it waits for someone's answer.",
];

/** Operations whose answer is an execution that the caller asked to be run. */
const running = new Set(["executions_run", "executions_input", "executions_replay", "executions_retry"]);

/** Whether a call is about how an execution ends, so that its status becomes the exit code. */
export function asksForOutcome(operation: string, args: Readonly<Record<string, unknown>>): boolean {
  if (running.has(operation)) return true;
  return operation === "executions_get" && Number(args["wait_seconds"] ?? 0) > 0;
}

/** Where it neither ended nor asks, and nothing below it does, 0: it goes on. */
export function exitCodeOf({
  status,
  pending_waits: waits,
  children,
}: Pick<ExecutionView, "status" | "pending_waits" | "children">): number {
  if (status === "failed") return exitCodes.failed;
  if (status === "cancelled") return exitCodes.cancelled;
  const isAsking = waits.length > 0 || (status === "waiting" && children.some((child) => child.pending_waits > 0));
  return status !== "completed" && isAsking ? exitCodes.waiting : exitCodes.ok;
}

export function exitCodeOfError(error: unknown): number {
  return isUserError(error) && error.code === "invalid_input" ? exitCodes.usage : exitCodes.failed;
}
