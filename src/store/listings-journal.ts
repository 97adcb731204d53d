import type { Connection } from "./database.ts";
import type { JournalEntry } from "./journal.ts";
import { parseReference } from "./payloads.ts";
import { entryId, selectorsOf } from "./selectors.ts";

/** An entry without what it holds. */
export interface EntryOverview
  extends Pick<
    JournalEntry,
    | "ordinal"
    | "kind"
    | "scope"
    | "name"
    | "occurrence"
    | "status"
    | "origin"
    | "type"
    | "attempt"
    | "dueAt"
    | "startedAt"
    | "endedAt"
  > {
  id: string;
  /** How people name it among the entries of its kind. */
  selector: string;
  /** Size of the recorded output; null when there is none. */
  outputBytes: number | null;
}

export type JournalOverview = ReturnType<typeof journalOverview>;

/** Text shorter than this is read in passing: references to blobs are. */
const shortText = 120;

/** What an execution has recorded, entries that a replay has only brought along left out. */
export function journalOverview(connection: Connection) {
  const entries = connection.prepare<[number], Row>(
    `SELECT ordinal, kind, scope, name, occurrence, status, origin, type, attempt, due_at AS dueAt,
       started_at AS startedAt, ended_at AS endedAt, octet_length(output) AS bytes,
       CASE WHEN octet_length(output) < ${shortText} THEN output END AS short
     FROM journal WHERE execution_seq = ? AND kind IN ('checkpoint', 'wait', 'sleep') AND reuse <> 'candidate'
     ORDER BY ordinal`,
  );
  const completed = connection
    .prepare<[number], number>(
      `SELECT count(*) FROM journal WHERE execution_seq = ? AND kind = 'checkpoint' AND status = 'completed'
         AND reuse <> 'candidate'`,
    )
    .pluck();
  return {
    /** Checkpoints, waits and sleeps, in the order in which they started. */
    entries({ id, seq }: { id: string; seq: number }): EntryOverview[] {
      const rows = entries.all(seq);
      const selectors = selectorsOf(rows);
      return rows.map(({ bytes, short, ...row }) => ({
        ...row,
        id: entryId(id, row.ordinal),
        selector: selectors.get(row.ordinal) ?? row.name,
        outputBytes: (short === null ? undefined : parseReference(short)?.bytes) ?? bytes,
      }));
    },
    countCompleted: (seq: number): number => completed.get(seq) ?? 0,
  };
}

type Row = Omit<EntryOverview, "id" | "selector" | "outputBytes"> & { bytes: number | null; short: string | null };
