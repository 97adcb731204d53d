import { isTerminal } from "../../src/core/statuses.ts";
import type { Execution } from "../../src/store/execution.ts";
import type { JournalEntry } from "../../src/store/journal.ts";
import type { Store } from "../../src/store/store.ts";
import type { JournalView } from "./observations.ts";

/** What a process that opens the store reads of it while its programs run. */
export function recordOf(store: Store): JournalView {
  const entry = store
    .reader()
    .prepare<[string, number, string, string, number], { position: number | null; attempt: number }>(
      `SELECT position, journal.attempt FROM journal JOIN executions ON seq = execution_seq
       WHERE id = ? AND continuation = ? AND scope = ? AND name = ? AND occurrence = ? AND kind = 'checkpoint'`,
    );
  return {
    isSettled(key, attempt) {
      const { execution, continuation, scope, name, occurrence } = placeIn(key);
      const found = entry.get(execution, continuation, scope, name, occurrence);
      return found !== undefined && (found.position !== null || found.attempt > attempt);
    },
    isMended: (execution) => (store.executions.byId(execution)?.attempt ?? 0) > 1,
  };
}

export interface Kept {
  execution: Execution;
  entries: JournalEntry[];
  events: KeptEvent[];
}

export interface KeptEvent {
  type: string;
  ordinal: number | null;
  data: string | null;
}

/** The execution and all below it, with what the store keeps of each. */
export function familyOf(store: Store, root: Execution): Kept[] {
  const reader = store.reader();
  const events = reader.prepare<[number], KeptEvent>(
    "SELECT type, ordinal, data FROM events WHERE execution_seq = ? ORDER BY id",
  );
  const seqs = reader
    .prepare<[number], { seq: number }>(
      `WITH RECURSIVE family (seq) AS (VALUES (?) UNION ALL
         SELECT executions.seq FROM executions JOIN family ON parent_seq = family.seq) SELECT seq FROM family`,
    )
    .all(root.seq);
  return seqs.flatMap(({ seq }) => {
    const execution = store.executions.get(seq);
    if (execution === undefined || !isTerminal(execution.status)) throw new Error(`execution ${seq} has not ended`);
    return [{ execution, entries: store.journal.load(seq), events: events.all(seq) }];
  });
}

/** An idempotency key is the execution (and which of its continuations), the scope, the name and the occurrence. */
function placeIn(key: string) {
  const [, execution = "", continuation = "0", scope = "", name = "", occurrence = ""] =
    /^([^:+]+)(?:\+(\d+))?:(.*):([^:]*):(\d+)$/.exec(key) ?? [];
  return { execution, continuation: Number(continuation), scope, name, occurrence: Number(occurrence) };
}
