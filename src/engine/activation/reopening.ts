import { after } from "../../core/clock.ts";
import { isDeath } from "../../core/deaths.ts";
import type { Execution, ExecutionFailure } from "../../store/execution.ts";
import type { JournalEntry } from "../../store/journal.ts";
import type { Store } from "../../store/store.ts";

/**
 * Opens again what a failed execution would try again: the failed entries that its failure names, and what its ending
 * closed, with deadlines counted anew. Completed entries and caught failures are history.
 * An execution that ran out of time, met a limit or lost its process goes on where it was.
 * @param data what the timeline tells of the retry, before it tells what is asked anew
 * @returns false when there is nothing to try again; the caller holds the transaction
 */
export function reopen(
  store: Store,
  seq: number,
  { failure, now, data }: { failure: ExecutionFailure; now: number; data: Record<string, unknown> },
): boolean {
  const retriable = new Set(failure.retriable ?? []);
  const closed = new Set(failure.closed ?? []);
  const entries = store.journal.load(seq);
  const failed = entries.filter((entry) => retriable.has(entry.ordinal) && isFailed(entry));
  const open = entries.filter((entry) => closed.has(entry.ordinal) && isClosed(entry));
  const goesOn = failure.origin === "timeout" || failure.origin === "guardrail" || isDeath(failure);
  if (failed.length === 0 && !goesOn) return false;
  const toOpen = new Set([...failed, ...open]);
  store.events.append(seq, { type: "execution_retried", at: now, data });
  const firstFailure = Math.min(...failed.map(({ position }) => position ?? Number.POSITIVE_INFINITY));
  for (const entry of entries) {
    if (toOpen.has(entry)) store.journal.update(seq, reopened(store, entry, now));
    else if (entry.afterPosition >= firstFailure) store.journal.update(seq, { ...entry, reuse: "arguments" });
  }
  for (const { kind, ordinal } of toOpen) {
    if (kind === "wait") store.events.append(seq, { type: "wait_opened", at: now, ordinal });
  }
  return true;
}

function isFailed({ kind, status }: JournalEntry): boolean {
  if (kind === "child" && status === "cancelled") return true;
  return status === "failed" || status === "expired" || status === "aborted";
}

function isClosed({ status }: JournalEntry): boolean {
  return status === "cancelled" || status === "aborted";
}

function reopened(store: Store, entry: JournalEntry, now: number): JournalEntry {
  const fresh = { ...entry, position: null, failure: null, output: null, endedAt: null };
  if (entry.kind === "wait") return askedAnew({ ...fresh, status: "pending" }, now);
  if (entry.kind === "sleep") return { ...fresh, status: "running" };
  if (entry.kind === "child")
    return { ...fresh, status: "running", detail: { executionId: tryAgain(store, entry, now) } };
  return { ...fresh, status: "running", attempt: 1, dueAt: null };
}

/** The new deadline has a warning of its own. */
function askedAnew(entry: JournalEntry, now: number): JournalEntry {
  const { warned: _, ...detail } = entry.detail ?? {};
  const { timeoutMs } = detail;
  const dueAt = typeof timeoutMs === "number" ? after(now, timeoutMs) : null;
  return { ...entry, startedAt: now, dueAt, detail };
}

/** A child that failed goes on from where it did; where it cannot, another one takes its place. */
function tryAgain(store: Store, entry: JournalEntry, now: number): string | null {
  const id = entry.detail?.["executionId"];
  const child = typeof id === "string" ? store.executions.byId(id) : undefined;
  if (child === undefined || child.status === "cancelled") return null;
  if (child.status === "failed" && !retryFailed(store, child, now)) return null;
  return child.id;
}

/**
 * Puts a failed execution back into the queue, as its next attempt.
 * @returns false when there is nothing to try again; the caller holds the transaction
 */
export function retryFailed(store: Store, execution: Execution & { status: "failed" }, now: number): boolean {
  const { seq, attempt, timeoutMs } = execution;
  const data = { attempt: attempt + 1 };
  if (!reopen(store, seq, { failure: execution.failure, now, data })) return false;
  store.executions.setControl(seq, {
    status: "queued",
    wakeAt: now,
    failure: null,
    endedAt: null,
    attempt: attempt + 1,
    deadlineAt: timeoutMs === null ? null : after(now, timeoutMs),
  });
  return true;
}
