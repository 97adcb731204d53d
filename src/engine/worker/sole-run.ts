import type { Committer } from "../committer.ts";
import type { EngineContext } from "../ports.ts";
import type { Changes } from "./changes.ts";
import { ClaimedRun } from "./claimed-run.ts";
import { drainRuns } from "./draining.ts";
import { runExitCodes } from "./isolated-run.ts";
import { Releases } from "./releases.ts";

export interface SoleRunOptions {
  executionId: string;
  /** The fence that the worker took which started this process. */
  owner: string;
  epoch: number;
  /** Fires when the process is asked to end. */
  signal: AbortSignal;
  onProblem(message: string, cause?: unknown): void;
}

export interface SoleRunEnd {
  exitCode: number;
  /** Whether it was cancelled or taken over, so that code may still be about to clean up. */
  wasLost: boolean;
}

/** Less than a worker allows, which waits for this. */
const drainMs = 4_500;

/** Runs one activation of an execution that another process holds, which keeps the lease and looks how this one ends. */
export async function runSolely(
  context: EngineContext,
  committer: Committer,
  changes: Changes,
  { executionId, owner, epoch, signal, onProblem }: SoleRunOptions,
): Promise<SoleRunEnd> {
  const { executions } = context.store;
  const execution = executions.byId(executionId);
  const isHeld = execution !== undefined && executions.advance({ seq: execution.seq, owner, epoch }, 0) !== undefined;
  if (!isHeld) return { exitCode: runExitCodes.over, wasLost: true };
  const run = new ClaimedRun({ context, committer, owner, isolation: undefined, isSole: true, onProblem }, execution);
  let wasLost = false;
  const look = () => {
    const state = executions.advance(run.fence, 0);
    wasLost = state === undefined;
    if (state === undefined) run.refused();
    else run.catchUp(state.lastPosition, state.pauseRequested);
  };
  const subscription = changes.subscribe(look, "busy");
  let isOver = false;
  const drain = () => void drainRuns(() => (isOver ? [] : [run]), drainMs);
  signal.addEventListener("abort", drain, { once: true });
  if (signal.aborted) drain();
  const outcome = await run.run();
  isOver = true;
  signal.removeEventListener("abort", drain);
  subscription.end();
  if (outcome.kind === "blocked") {
    await new Releases(context, committer, { owner, onProblem }).release(execution, outcome.reason);
  }
  // Given back by the worker, once nothing of this process lives any more.
  return { exitCode: outcome.kind === "stopped" ? runExitCodes.stopped : runExitCodes.over, wasLost };
}
