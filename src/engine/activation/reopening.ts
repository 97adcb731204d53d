import { after } from "../../core/clock.ts";
import type { ExecutionFailure } from "../../store/executions.ts";
import type { JournalEntry } from "../../store/journal.ts";
import type { Store } from "../../store/store.ts";

/**
 * Opens again what a failed execution would try again: the failed entries that its failure names, and what its ending
 * closed, with deadlines counted anew. Completed entries and caught failures are history.
 * An execution that ran out of time goes on where it was.
 * @returns false when there is nothing to try again; the caller holds the transaction
 */
export function reopen(store: Store, seq: number, failure: ExecutionFailure, now: number): boolean {
  const retriable = new Set(failure.retriable ?? []);
  const closed = new Set(failure.closed ?? []);
  const entries = store.journal.load(seq);
  const failed = entries.filter((entry) => retriable.has(entry.ordinal) && isFailed(entry));
  const open = entries.filter((entry) => closed.has(entry.ordinal) && isClosed(entry));
  if (failed.length === 0 && failure.origin !== "timeout") return false;
  const toOpen = new Set([...failed, ...open]);
  const firstFailure = Math.min(...failed.map(({ position }) => position ?? Number.POSITIVE_INFINITY));
  for (const entry of entries) {
    if (toOpen.has(entry)) store.journal.update(seq, reopened(entry, now));
    else if (entry.afterPosition >= firstFailure) store.journal.update(seq, { ...entry, reuse: "arguments" });
  }
  return true;
}

function isFailed({ status }: JournalEntry): boolean {
  return status === "failed" || status === "expired" || status === "aborted";
}

function isClosed({ status }: JournalEntry): boolean {
  return status === "cancelled" || status === "aborted";
}

function reopened(entry: JournalEntry, now: number): JournalEntry {
  const fresh = { ...entry, position: null, failure: null, output: null, endedAt: null };
  if (entry.kind === "wait") {
    const timeoutMs = entry.detail?.["timeoutMs"];
    return { ...fresh, status: "pending", dueAt: typeof timeoutMs === "number" ? after(now, timeoutMs) : null };
  }
  if (entry.kind === "sleep") return { ...fresh, status: "running" };
  return { ...fresh, status: "running", attempt: 1, dueAt: null };
}
