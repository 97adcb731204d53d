import type { Connection } from "./database.ts";

/** A process group that works for an execution, by its leader. */
export interface ProcessGroupRow {
  executionSeq: number;
  pid: number;
  /** When the operating system says that the leader began; tells it from a later process of the same pid. */
  processStart: string | null;
  host: string;
  startedAt: number;
}

export type ProcessGroups = ReturnType<typeof processGroupsTable>;

export function processGroupsTable(connection: Connection) {
  const put = connection.prepare(
    `INSERT OR REPLACE INTO process_groups (execution_seq, pid, process_start, host, started_at)
     VALUES (?, ?, ?, ?, ?)`,
  );
  const remove = connection.prepare("DELETE FROM process_groups WHERE execution_seq = ? AND host = ? AND pid = ?");
  const any = connection.prepare<[], unknown>("SELECT 1 FROM process_groups LIMIT 1");
  const list = connection.prepare<[number, string], { pid: number; process_start: string | null }>(
    "SELECT pid, process_start FROM process_groups WHERE execution_seq = ? AND host = ?",
  );
  const ofEnded = connection.prepare<
    [string, number],
    { execution_seq: number; id: string; pid: number; process_start: string | null }
  >(
    `SELECT execution_seq, id, pid, process_start FROM process_groups JOIN executions ON seq = execution_seq
     WHERE host = ? AND status IN ('completed', 'failed', 'cancelled') AND ended_at < ?`,
  );
  return {
    put: ({ executionSeq, pid, processStart, host, startedAt }: ProcessGroupRow): void =>
      void put.run(executionSeq, pid, processStart, host, startedAt),
    remove: (executionSeq: number, host: string, pid: number): void => void remove.run(executionSeq, host, pid),

    /** Groups on a host that worked for executions which ended before the instant. */
    ofEnded(host: string, before: number) {
      if (any.get() === undefined) return [];
      return ofEnded.all(host, before).map((row) => ({
        executionSeq: row.execution_seq,
        executionId: row.id,
        pid: row.pid,
        processStart: row.process_start,
      }));
    },

    /** The groups of an execution on a host. Most projects have none at all, which costs a microsecond to see. */
    list(executionSeq: number, host: string): { pid: number; processStart: string | null }[] {
      if (any.get() === undefined) return [];
      return list.all(executionSeq, host).map((row) => ({ pid: row.pid, processStart: row.process_start }));
    },
  };
}
