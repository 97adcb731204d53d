import type { Failure } from "../../core/statuses.ts";
import type { Execution, Fence } from "../../store/execution.ts";
import type { JournalEntry } from "../../store/journal.ts";
import { selectorsOf } from "../../store/selectors.ts";
import type { Store } from "../../store/store.ts";
import { writeFailure } from "./ending.ts";

/**
 * Inside the transaction: the process that ran a held execution was lost. The checkpoints that were running have failed
 * with it, and a retry tries exactly these again.
 * @returns false when the execution is no longer held: it ended, or others go on with it
 */
export function writeInterruption(
  store: Store,
  held: { execution: Execution; fence: Fence; retries: number },
  failure: Failure,
  at: number,
): boolean {
  const { fence } = held;
  const open = store.journal.load(fence.seq).filter(isOpen);
  const failed = open.filter((entry) => wasRunning(entry, at));
  const state = store.executions.advance(fence, failed.length);
  if (state === undefined) return false;
  const first = state.lastPosition - failed.length + 1;
  for (const [index, entry] of failed.entries()) {
    const position = first + index;
    store.journal.update(fence.seq, { ...entry, status: "failed", failure, position, dueAt: null, endedAt: at });
    store.events.append(fence.seq, { type: "checkpoint_failed", at, ordinal: entry.ordinal });
  }
  const selectors = selectorsOf(open);
  const [running] = failed.map(({ ordinal }) => selectors.get(ordinal));
  const retriable = failed.map(({ ordinal }) => ordinal);
  const closed = open.filter((entry) => !failed.includes(entry)).map(({ ordinal }) => ordinal);
  writeFailure(store, held, { ...failure, checkpoint: running, retriable, closed }, at);
  return true;
}

function isOpen({ status, reuse }: JournalEntry): boolean {
  return reuse !== "candidate" && (status === "running" || status === "pending");
}

/** Not one that paused before its next attempt. */
function wasRunning({ kind, status, dueAt }: JournalEntry, at: number): boolean {
  return kind === "checkpoint" && status === "running" && (dueAt === null || dueAt <= at);
}
