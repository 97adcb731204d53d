import type { Connection } from "./database.ts";

export type WorkerKind = "detached" | "foreground" | "embedded";
export type WorkerState = "starting" | "active" | "draining";

export interface WorkerRow {
  id: string;
  kind: WorkerKind;
  state: WorkerState;
  /** Null until the process has been started. */
  pid: number | null;
  /** When the operating system says that the process began; tells it from a later one of the same pid. */
  processStart: string | null;
  host: string;
  savepointVersion: string;
  concurrency: number;
  startedAt: number;
  heartbeatAt: number;
}

interface Row {
  id: string;
  kind: WorkerKind;
  state: WorkerState;
  pid: number | null;
  process_start: string | null;
  host: string;
  savepoint_version: string;
  concurrency: number;
  started_at: number;
  heartbeat_at: number;
}

export type Workers = ReturnType<typeof workersTable>;

export function workersTable(connection: Connection) {
  const insert = connection.prepare(
    `INSERT OR IGNORE INTO workers
       (id, kind, state, pid, process_start, host, savepoint_version, concurrency, started_at, heartbeat_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const activate = connection.prepare(
    "UPDATE workers SET state = 'active', pid = ?, process_start = ?, concurrency = ?, heartbeat_at = ? WHERE id = ? AND state = 'starting'",
  );
  const started = connection.prepare(
    "UPDATE workers SET pid = ?, process_start = ? WHERE id = ? AND state = 'starting' AND pid IS NULL",
  );
  const heartbeat = connection.prepare("UPDATE workers SET heartbeat_at = ? WHERE id = ?");
  const drain = connection.prepare("UPDATE workers SET state = 'draining' WHERE id = ?");
  const remove = connection.prepare("DELETE FROM workers WHERE id = ?");
  const find = connection.prepare<[string], Row>("SELECT * FROM workers WHERE id = ?");
  const all = connection.prepare<[], Row>("SELECT * FROM workers ORDER BY started_at, id");
  return {
    /** @returns false when a detached worker is there already: a project has one */
    insert(worker: WorkerRow): boolean {
      const row = [
        worker.id,
        worker.kind,
        worker.state,
        worker.pid,
        worker.processStart,
        worker.host,
        worker.savepointVersion,
        worker.concurrency,
        worker.startedAt,
        worker.heartbeatAt,
      ];
      return insert.run(...row).changes === 1;
    },

    /** The process that takes the reserved place is known, so that its death is noticed before it reports. */
    started: (id: string, pid: number, processStart: string | null): void => void started.run(pid, processStart, id),

    /** The started process reports; @returns false when its place was given away meanwhile */
    activate: (
      id: string,
      self: { pid: number; processStart: string | null; concurrency: number },
      now: number,
    ): boolean => activate.run(self.pid, self.processStart, self.concurrency, now, id).changes === 1,

    /** @returns false when the row is gone: others took this worker for dead */
    heartbeat: (id: string, now: number): boolean => heartbeat.run(now, id).changes === 1,
    drain: (id: string): void => void drain.run(id),
    remove: (id: string): void => void remove.run(id),

    find(id: string): WorkerRow | undefined {
      const row = find.get(id);
      return row && toWorker(row);
    },

    list: (): WorkerRow[] => all.all().map(toWorker),
  };
}

function toWorker(row: Row): WorkerRow {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    pid: row.pid,
    processStart: row.process_start,
    host: row.host,
    savepointVersion: row.savepoint_version,
    concurrency: row.concurrency,
    startedAt: row.started_at,
    heartbeatAt: row.heartbeat_at,
  };
}
