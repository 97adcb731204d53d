import type { Failure } from "../core/statuses.ts";
import type { Connection } from "./database.ts";
import type { Protection } from "./protection.ts";

export type EntryKind = "checkpoint" | "wait" | "sleep" | "child" | "value" | "log" | "save" | "load" | "progress";

export const entryStatuses = [
  "running",
  "completed",
  "failed",
  "skipped",
  "cancelled",
  "pending",
  "answered",
  "aborted",
  "expired",
] as const;
export type EntryStatus = (typeof entryStatuses)[number];

/** How a completed entry came by its output. */
export const entryOrigins = ["executed", "cached", "replayed", "overridden"] as const;

/**
 * How a call may take a recorded entry. `own`: this execution recorded it, so it also fits when only its place fits.
 * `arguments`: only equal arguments fit (what started after a retried failure). `candidate`: like `arguments`, copied
 * from the source of a replay and not part of this execution until a call takes it.
 */
export type EntryReuse = "own" | "arguments" | "candidate";

/** One row of an execution's journal. Instants are milliseconds since the epoch. */
export interface JournalEntry {
  /** Order in which the entries of the execution started; with the execution, its identity. */
  readonly ordinal: number;
  readonly kind: EntryKind;
  /** Where in the body the call stands: "" is the flow body itself. */
  readonly scope: string;
  readonly name: string;
  /** Counts the entries of one scope and name from 1. */
  readonly occurrence: number;
  argumentsHash: string | null;
  status: EntryStatus;
  origin: (typeof entryOrigins)[number] | null;
  readonly type: string | null;
  reuse: EntryReuse;
  attempt: number;
  /** The last settlement that the body had seen when it made the call. */
  afterPosition: number;
  /** Place of this entry's settlement among the execution's settlements; null until it settles. */
  position: number | null;
  /** When it settles or goes on by itself: end of a sleep, deadline of a wait, next attempt of a checkpoint. */
  dueAt: number | null;
  /** Payload column: encoded text or a reference to a blob. */
  output: string | null;
  failure: Failure | null;
  /** What the kind needs besides: the wait's question and schema, and the like. */
  detail: Record<string, unknown> | null;
  metadata: Record<string, unknown> | null;
  progress: Record<string, unknown> | null;
  startedAt: number;
  endedAt: number | null;
}

interface JournalRow {
  ordinal: number;
  kind: EntryKind;
  scope: string;
  name: string;
  occurrence: number;
  arguments_hash: string | null;
  status: EntryStatus;
  origin: JournalEntry["origin"];
  type: string | null;
  reuse: EntryReuse;
  attempt: number;
  after_position: number;
  position: number | null;
  due_at: number | null;
  output: string | null;
  failure: string | null;
  detail: string | null;
  metadata: string | null;
  progress: string | null;
  started_at: number;
  ended_at: number | null;
}

export type Journal = ReturnType<typeof journalTable>;

const columns = `ordinal, kind, scope, name, occurrence, arguments_hash, status, origin, type, reuse, attempt,
  after_position, position, due_at, output, failure, detail, metadata, progress, started_at, ended_at`;

/** Statements on the journal. The caller holds the transaction and has checked the fence in it. */
export function journalTable(connection: Connection, { redactValue }: Protection) {
  const toText = (value: object | null) => (value === null ? null : JSON.stringify(redactValue(value)));
  const insert = connection.prepare(
    `INSERT INTO journal (execution_seq, ${columns}) VALUES (${Array(22).fill("?").join(", ")})`,
  );
  const update = connection.prepare(
    `UPDATE journal SET arguments_hash = ?, status = ?, origin = ?, reuse = ?, attempt = ?, after_position = ?,
       position = ?, due_at = ?, output = ?, failure = ?, detail = ?, metadata = ?, progress = ?, started_at = ?,
       ended_at = ? WHERE execution_seq = ? AND ordinal = ?`,
  );
  const all = connection.prepare<[number], JournalRow>(
    `SELECT ${columns} FROM journal WHERE execution_seq = ? ORDER BY ordinal`,
  );
  const settledBetween = connection.prepare<[number, number, number], JournalRow>(
    `SELECT ${columns} FROM journal WHERE execution_seq = ? AND position > ? AND position <= ? ORDER BY position`,
  );
  const waits = connection.prepare<[number], JournalRow>(
    `SELECT ${columns} FROM journal WHERE execution_seq = ? AND kind = 'wait' AND reuse <> 'candidate' ORDER BY ordinal`,
  );
  const one = connection.prepare<[number, number], JournalRow>(
    `SELECT ${columns} FROM journal WHERE execution_seq = ? AND ordinal = ?`,
  );
  const settleWait = connection.prepare(
    `UPDATE journal SET status = ?, position = ?, output = ?, failure = ?, detail = ?, ended_at = ?
     WHERE execution_seq = ? AND ordinal = ? AND kind = 'wait' AND status = 'pending'
       AND (? IS NULL OR due_at IS NULL OR due_at > ?)`,
  );
  const pendingWaits = connection.prepare<[number], JournalRow>(
    `SELECT ${columns} FROM journal WHERE execution_seq = ? AND kind = 'wait' AND status = 'pending' ORDER BY ordinal`,
  );
  const pendingNamed = connection.prepare<[string], JournalRow & { execution_seq: number }>(
    `SELECT execution_seq, ${columns} FROM journal WHERE kind = 'wait' AND status = 'pending' AND name = ?`,
  );
  const closeWaits = connection.prepare(
    `UPDATE journal SET status = 'aborted', ended_at = ?, failure = ?
     WHERE execution_seq = ? AND kind = 'wait' AND status = 'pending'`,
  );
  const closeRunning = connection.prepare(
    `UPDATE journal SET status = 'cancelled', ended_at = ? WHERE execution_seq = ? AND status = 'running'`,
  );
  const clear = connection.prepare("DELETE FROM journal WHERE execution_seq = ?");
  const dropCandidates = connection.prepare(`DELETE FROM journal WHERE execution_seq = ? AND reuse = 'candidate'`);

  return {
    insert(seq: number, entry: JournalEntry): void {
      insert.run(
        seq,
        entry.ordinal,
        entry.kind,
        entry.scope,
        entry.name,
        entry.occurrence,
        entry.argumentsHash,
        entry.status,
        entry.origin,
        entry.type,
        entry.reuse,
        entry.attempt,
        entry.afterPosition,
        entry.position,
        entry.dueAt,
        entry.output,
        toText(entry.failure),
        toText(entry.detail),
        toText(entry.metadata),
        toText(entry.progress),
        entry.startedAt,
        entry.endedAt,
      );
    },

    /** @returns false when there is no such entry */
    update(seq: number, entry: JournalEntry): boolean {
      const { changes } = update.run(
        entry.argumentsHash,
        entry.status,
        entry.origin,
        entry.reuse,
        entry.attempt,
        entry.afterPosition,
        entry.position,
        entry.dueAt,
        entry.output,
        toText(entry.failure),
        toText(entry.detail),
        toText(entry.metadata),
        toText(entry.progress),
        entry.startedAt,
        entry.endedAt,
        seq,
        entry.ordinal,
      );
      return changes === 1;
    },

    /** Every entry of the execution, in the order in which they started. */
    load: (seq: number): JournalEntry[] => all.all(seq).map(toEntry),

    /** The waits that the execution has asked, in that order. */
    waits: (seq: number): JournalEntry[] => waits.all(seq).map(toEntry),

    find(seq: number, ordinal: number): JournalEntry | undefined {
      const row = one.get(seq, ordinal);
      return row && toEntry(row);
    },

    /** Entries whose settlement took a position in `(after, upTo]`, in that order. */
    settledBetween: (seq: number, after: number, upTo: number): JournalEntry[] =>
      settledBetween.all(seq, after, upTo).map(toEntry),

    pendingWaits: (seq: number): JournalEntry[] => pendingWaits.all(seq).map(toEntry),

    /** Pending waits of this name in all executions. */
    pendingNamed: (name: string): { executionSeq: number; entry: JournalEntry }[] =>
      pendingNamed.all(name).map(({ execution_seq: executionSeq, ...row }) => ({ executionSeq, entry: toEntry(row) })),

    /**
     * Settles a wait if it is still pending and, where `now` is given, not past its deadline.
     * @returns whether this call was the one that settled it
     */
    settleWait(seq: number, entry: JournalEntry, now: number | null): boolean {
      const { status, position, output, failure, detail, endedAt, ordinal } = entry;
      const changed = settleWait.run(
        status,
        position,
        output,
        toText(failure),
        toText(detail),
        endedAt,
        seq,
        ordinal,
        now,
        now,
      );
      return changed.changes === 1;
    },

    /** What an execution's end does to its open entries. */
    close(seq: number, at: number, reason: Failure): void {
      closeWaits.run(at, toText(reason), seq);
      closeRunning.run(at, seq);
    },

    /** Forgets everything: the execution begins anew. */
    clear: (seq: number): void => void clear.run(seq),

    /** What a replay took from its source and nobody asked for; a failed one keeps it for its retry. */
    dropCandidates: (seq: number): void => void dropCandidates.run(seq),
  };
}

function toEntry(row: JournalRow): JournalEntry {
  return {
    ordinal: row.ordinal,
    kind: row.kind,
    scope: row.scope,
    name: row.name,
    occurrence: row.occurrence,
    argumentsHash: row.arguments_hash,
    status: row.status,
    origin: row.origin,
    type: row.type,
    reuse: row.reuse,
    attempt: row.attempt,
    afterPosition: row.after_position,
    position: row.position,
    dueAt: row.due_at,
    output: row.output,
    failure: row.failure === null ? null : JSON.parse(row.failure),
    detail: row.detail === null ? null : JSON.parse(row.detail),
    metadata: row.metadata === null ? null : JSON.parse(row.metadata),
    progress: row.progress === null ? null : JSON.parse(row.progress),
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}
