import { type Failure, isTerminal } from "../core/statuses.ts";
import type { BudgetPlace } from "../store/budgets.ts";
import type { Execution, ExecutionFailure } from "../store/execution.ts";
import type { Store } from "../store/store.ts";

/** Executions below one another, the first included: a flow that starts itself for ever must end somewhere. */
export const deepestFamily = 20;

/** Whether nothing may stand below the execution. */
export function isTooDeep({ depth }: Execution): boolean {
  return depth + 2 > deepestFamily;
}

/** How an execution came out, as its parent's journal keeps it. */
export type Outcome =
  | { status: "completed"; output: string | null }
  | { status: "failed" | "cancelled"; failure: ExecutionFailure | null };

/** How an execution ended; undefined while it has not. */
export function outcomeOf(execution: Execution): Outcome | undefined {
  switch (execution.status) {
    case "completed":
      return { status: "completed", output: execution.result };
    case "failed":
    case "cancelled":
      return { status: execution.status, failure: execution.failure };
    default:
      return undefined;
  }
}

/** Inside the transaction in which an execution ended: what its parent awaits is on the record, and wakes it. */
export function settleParent(store: Store, child: Execution, outcome: Outcome, now: number): void {
  const { id, parentSeq, parentOrdinal } = child;
  if (parentSeq === null) return;
  const event = {
    type: `child_${outcome.status}`,
    at: now,
    ordinal: parentOrdinal,
    data: { execution_id: id },
  } as const;
  if (parentOrdinal === null) return store.events.append(parentSeq, event);
  const entry = store.journal.find(parentSeq, parentOrdinal);
  if (entry?.kind !== "child" || entry.status !== "running" || entry.detail?.["executionId"] !== id) return;
  const position = store.executions.addPosition(parentSeq, now);
  store.journal.update(parentSeq, { ...entry, ...settlementOf(outcome), position, endedAt: now });
  store.events.append(parentSeq, event);
}

/** The fields of a child's entry that say how it ended. */
export function settlementOf(outcome: Outcome) {
  if (outcome.status === "completed") return { status: outcome.status, output: outcome.output, failure: null };
  const { retriable: _, closed: __, ...failure } = outcome.failure ?? unrecorded;
  return { status: outcome.status, output: null, failure };
}

/** Inside a transaction: ends an execution that has not ended, and all below it. Raising the epoch fences its worker. */
export function cancelWithDescendants(store: Store, execution: Execution, why: string, now: number): void {
  if (isTerminal(execution.status)) return;
  const { seq, attempt, deadlineAt } = execution;
  const failure: Failure = { code: "cancelled", message: why, origin: "cancelled" };
  store.journal.close(seq, now, failure);
  store.journal.dropCandidates(seq);
  store.executions.setControl(seq, { status: "cancelled", wakeAt: null, failure, endedAt: now, attempt, deadlineAt });
  store.events.append(seq, { type: "execution_cancelled", at: now });
  settleParent(store, execution, { status: "cancelled", failure }, now);
  for (const child of store.families.openChildren(seq)) {
    cancelWithDescendants(store, child, "the execution that started it was cancelled", now);
  }
}

/** Inside a transaction: ends the children that the body of an execution started and that are open at its end. */
export function cancelAwaited(store: Store, seq: number, how: "completed" | "failed", now: number): void {
  for (const child of store.families.openChildren(seq)) {
    if (child.parentOrdinal === null) continue;
    cancelWithDescendants(store, child, `the execution that started it has ${how}`, now);
  }
}

/** Inside a transaction: ends the open executions that a checkpoint started by itself, an agent's for example. */
export function cancelStartedBy(store: Store, { seq, ordinal }: BudgetPlace, now: number): void {
  for (const child of store.families.openChildren(seq)) {
    if (child.parentCheckpoint !== ordinal) continue;
    cancelWithDescendants(store, child, "the attempt of the checkpoint that started it has failed", now);
  }
}

const unrecorded: ExecutionFailure = { code: "cancelled", message: "it was cancelled", origin: "cancelled" };
