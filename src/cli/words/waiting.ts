import type { Command } from "commander";
import { parseDuration } from "../../core/durations.ts";
import { UserError } from "../../core/errors.ts";
import type { ExecutionView } from "../../tools/execution-schema.ts";
import { executionIn, perform, tell } from "../answers.ts";
import { exitCodeOf, exitCodes } from "../exit-codes.ts";
import { followToEnd } from "../follow/follow.ts";
import type { WordCall } from "./word-details.ts";

/** The most that one call waits. */
const longestCallSeconds = 45;

/** Flags of the words that start or look at an execution. */
export function addWaitingFlags(command: Command, wait: { isNamed: boolean; fallback: string }): void {
  if (wait.isNamed) {
    command.option(
      "--wait <time>",
      `how long to wait for its end or its question: seconds, or "10m" (default: ${wait.fallback})`,
    );
  }
  command
    .option("-f, --follow", "show it live until it ends, and ask here what it asks")
    .option("--logs", "with --follow: what it prints, too");
}

/** Starts or changes an execution through the word's operation, then waits for it or follows it. */
export async function actAndWait(
  call: WordCall,
  {
    args = call.args,
    fallback,
    operationWaits,
  }: { args?: Record<string, unknown>; fallback: number; operationWaits: boolean },
): Promise<number> {
  const { session, word, options, spoken } = call;
  if (options["follow"] === true && options["wait"] !== undefined) {
    throw new UserError("invalid_input", "--follow and --wait exclude each other: to follow is to wait for the end", {
      hint: "Leave one of them out. Ctrl-C ends a follow, never the execution.",
    });
  }
  const seconds = options["follow"] === true ? 0 : secondsOf(options["wait"], fallback);
  const giveUpAt = performance.now() + seconds * 1_000;
  const waiting = operationWaits ? { wait_seconds: Math.min(seconds, longestCallSeconds) } : {};
  const answer = await perform(session, word.operation, { ...args, ...waiting }, spoken);
  const execution = executionIn(answer);
  if (execution === undefined) {
    await tell(session, word.operation, answer);
    return exitCodes.ok;
  }
  if (options["follow"] === true) {
    return followToEnd(session, execution.execution_id, { logs: options["logs"] === true });
  }
  const settled = await waitLonger(call, execution, giveUpAt);
  await tell(session, word.operation, "plan" in answer ? { ...answer, execution: settled } : { ...settled });
  return exitCodeOf(settled);
}

/** A call waits only so long; a person at a terminal may want to wait longer. */
async function waitLonger(
  { session, spoken }: WordCall,
  execution: ExecutionView,
  giveUpAt: number,
): Promise<ExecutionView> {
  let now = execution;
  while (isGoingOn(now) && !session.signal.aborted) {
    const left = (giveUpAt - performance.now()) / 1_000;
    if (left <= 0) break;
    const args = { execution_id: now.execution_id, wait_seconds: Math.min(left, longestCallSeconds) };
    now = executionIn(await perform(session, "executions_get", args, spoken)) ?? now;
  }
  return now;
}

function isGoingOn({ ended_at: ended, status, pending_waits: waits }: ExecutionView): boolean {
  return ended === null && status !== "paused" && waits.length === 0;
}

function secondsOf(wait: unknown, fallback: number): number {
  return wait === undefined ? fallback : parseDuration(String(wait), "s", "--wait") / 1_000;
}
