import type { ExecutionStatus, Failure } from "../core/statuses.ts";
import type { Connection } from "./database.ts";
import {
  type Execution,
  type ExecutionFailure,
  type ExecutionRow,
  type Fence,
  type NewExecution,
  toExecution,
} from "./execution.ts";
import type { Protection } from "./protection.ts";
import { type Searchable, searchIndex } from "./search.ts";

export type Executions = ReturnType<typeof executionsTable>;

const held = "seq = ? AND owner = ? AND epoch = ? AND status = 'running'";

/** Statements on executions. The caller holds an immediate transaction. */
export function executionsTable(connection: Connection, { redact, redactValue }: Protection) {
  const toText = (value: object | null) => (value === null ? null : JSON.stringify(redactValue(value)));
  const insert = connection.prepare(
    `INSERT INTO executions (id, workflow, target, version, status, stack, trigger, tags, input, wake_at, timeout_ms,
       deadline_at, last_position, parent_seq, parent_ordinal, parent_checkpoint, models, workspace, timeouts, depth,
       replayed_from, replay, created_at)
     VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const search = searchIndex(connection);
  const tag = connection.prepare("INSERT OR IGNORE INTO execution_tags (tag, execution_seq) VALUES (?, ?)");
  // `+?`: SQLite plans by the value of a bare `LIMIT ?`, and so compiles the statement anew at every call.
  const claim = connection.prepare<[string, number, number, number, number], ExecutionRow>(
    `UPDATE executions SET status = 'running', owner = ?, epoch = epoch + 1, wake_at = ?,
       started_at = coalesce(started_at, ?), crashes = crashes + (status = 'running')
     WHERE seq IN (SELECT seq FROM executions WHERE wake_at <= ? ORDER BY wake_at LIMIT +?) RETURNING *`,
  );
  const advance = connection.prepare<
    [number, number, string, number],
    { last_position: number; pause_requested: number }
  >(
    `UPDATE executions SET last_position = last_position + ?, crashes = 0 WHERE ${held}
     RETURNING last_position, pause_requested`,
  );
  const check = connection.prepare<[number, string, number], { last_position: number; pause_requested: number }>(
    `SELECT last_position, pause_requested FROM executions WHERE ${held}`,
  );
  const suspend = connection.prepare(
    `UPDATE executions SET status = ?, owner = NULL, wake_at = ?, pause_requested = 0, crashes = 0
     WHERE ${held} AND last_position = ? AND pause_requested = ?`,
  );
  const release = connection.prepare(
    `UPDATE executions SET status = 'queued', owner = NULL, wake_at = ?, blocked_reason = ? WHERE ${held}`,
  );
  const unblock = connection.prepare(`UPDATE executions SET blocked_reason = NULL WHERE ${held}`);
  const end = connection.prepare(
    `UPDATE executions SET status = ?, owner = NULL, wake_at = NULL, pause_requested = 0, result = ?, failure = ?,
       ended_at = ?, blocked_reason = NULL WHERE ${held}`,
  );
  const continueAsNew = connection.prepare(
    `UPDATE executions SET status = 'queued', owner = NULL, wake_at = ?, input = ?, replay = NULL, attempt = 1,
       continuation = continuation + 1, last_ordinal = ?, crashes = 0 WHERE ${held}`,
  );
  const rewind = connection.prepare(
    `UPDATE executions SET attempt = attempt + 1, deadline_at = ?, crashes = 0 WHERE ${held}`,
  );
  const describe = connection.prepare(
    `UPDATE executions SET metadata = coalesce(?, metadata), progress = coalesce(?, progress) WHERE ${held}`,
  );
  const bySeq = connection.prepare<[number], ExecutionRow>("SELECT * FROM executions WHERE seq = ?");
  const byId = connection.prepare<[string], ExecutionRow>("SELECT * FROM executions WHERE id = ?");
  const byPrefix = connection.prepare<[string, string], ExecutionRow>(
    "SELECT * FROM executions WHERE id >= ? AND id < ? ORDER BY id LIMIT 11",
  );
  const ownedBy = connection.prepare<
    [string],
    { seq: number; epoch: number; last_position: number; pause_requested: number }
  >("SELECT seq, epoch, last_position, pause_requested FROM executions WHERE owner = ? AND status = 'running'");
  const renew = connection.prepare(
    "UPDATE executions SET wake_at = max(wake_at, ?) WHERE owner = ? AND status = 'running'",
  );
  const abandon = connection.prepare(
    "UPDATE executions SET wake_at = min(wake_at, ?) WHERE owner = ? AND status = 'running'",
  );
  const nextWake = connection.prepare<[], { at: number | null }>(
    "SELECT min(wake_at) AS at FROM executions WHERE wake_at IS NOT NULL",
  );
  const countIn = connection.prepare<[string], { count: number }>(
    "SELECT count(*) AS count FROM (SELECT 1 FROM executions WHERE status = ? LIMIT 1001)",
  );
  const due = connection.prepare<[number], { seq: number; id: string; status: ExecutionStatus; wake_at: number }>(
    "SELECT seq, id, status, wake_at FROM executions WHERE wake_at <= ? ORDER BY wake_at LIMIT 100",
  );
  const addPosition = connection.prepare<[number, number], { last_position: number }>(
    `UPDATE executions SET last_position = last_position + 1,
       status = CASE status WHEN 'waiting' THEN 'queued' ELSE status END,
       wake_at = CASE status WHEN 'waiting' THEN ? ELSE wake_at END
     WHERE seq = ? RETURNING last_position`,
  );
  const setControl = connection.prepare(
    `UPDATE executions SET status = ?, owner = CASE ? WHEN 'cancelled' THEN owner END, epoch = epoch + 1,
       wake_at = ?, failure = ?, ended_at = ?, pause_requested = 0, attempt = ?, deadline_at = ?, blocked_reason = NULL,
       crashes = 0
     WHERE seq = ?`,
  );
  const cancelledSince = connection.prepare<[string, number], { count: number }>(
    "SELECT count(*) AS count FROM executions WHERE owner = ? AND status = 'cancelled' AND ended_at >= ?",
  );
  const requestPause = connection.prepare("UPDATE executions SET pause_requested = 1 WHERE seq = ?");
  const dropPauseRequest = connection.prepare("UPDATE executions SET pause_requested = 0 WHERE seq = ?");

  return {
    insert(execution: NewExecution): number {
      const { createdAt } = execution;
      const tags = [...new Set(execution.tags)];
      const { lastInsertRowid } = insert.run(
        execution.id,
        execution.workflow,
        execution.target,
        execution.version,
        execution.stack,
        execution.trigger,
        tags.length === 0 ? "[]" : JSON.stringify(tags),
        execution.input,
        createdAt,
        execution.timeoutMs,
        execution.deadlineAt,
        execution.lastPosition,
        execution.parentSeq,
        execution.parentOrdinal,
        execution.parentCheckpoint ?? null,
        execution.models === undefined ? null : JSON.stringify(execution.models),
        execution.workspace ?? null,
        execution.timeouts === undefined ? null : JSON.stringify(execution.timeouts),
        execution.depth,
        execution.replayedFrom,
        execution.replay && JSON.stringify(execution.replay),
        createdAt,
      );
      const seq = Number(lastInsertRowid);
      for (const one of tags) tag.run(one, seq);
      search.put(seq, execution);
      return seq;
    },

    /** Takes up to `most` executions that are due: one write that raises the epoch, so that the last owner is fenced. */
    claim: (owner: string, leaseUntil: number, now: number, most: number): Execution[] =>
      claim.all(owner, leaseUntil, now, now, most).map(toExecution),

    /**
     * The fence: reserves `count` positions if the caller still holds the lease, else answers undefined. What settles
     * is progress: crashes are counted anew.
     */
    advance(fence: Fence, count: number): { lastPosition: number; pauseRequested: boolean } | undefined {
      const { seq, owner, epoch } = fence;
      const row = count === 0 ? check.get(seq, owner, epoch) : advance.get(count, seq, owner, epoch);
      return row && { lastPosition: row.last_position, pauseRequested: row.pause_requested === 1 };
    },

    /** Gives the execution back, unless something settled or a pause was asked for that the caller has not seen. */
    suspend(
      fence: Fence,
      to: { status: "waiting" | "paused" | "queued"; wakeAt: number | null; readPosition: number },
    ) {
      const { seq, owner, epoch } = fence;
      const pause = to.status === "paused" ? 1 : 0;
      return suspend.run(to.status, to.wakeAt, seq, owner, epoch, to.readPosition, pause).changes === 1;
    },

    /** Gives an execution back that cannot go on now; it is tried again at `wakeAt`. */
    release({ seq, owner, epoch }: Fence, wakeAt: number, blockedReason: string | null): boolean {
      return release.run(wakeAt, blockedReason && redact(blockedReason), seq, owner, epoch).changes === 1;
    },

    /** What had blocked the execution is gone. */
    unblock: ({ seq, owner, epoch }: Fence): boolean => unblock.run(seq, owner, epoch).changes === 1,

    end(
      { seq, owner, epoch }: Fence,
      outcome: {
        status: "completed" | "failed" | "cancelled";
        result: string | null;
        failure: ExecutionFailure | null;
      },
      at: number,
    ): boolean {
      const { status, result, failure } = outcome;
      if (end.run(status, result, toText(failure), at, seq, owner, epoch).changes !== 1) return false;
      const ended = failure === null ? undefined : bySeq.get(seq);
      if (ended !== undefined) search.put(seq, searchable(ended));
      return true;
    },

    /** Begins anew with another input; the caller clears the journal. */
    continueAsNew({ seq, owner, epoch }: Fence, to: { input: string; lastOrdinal: number }, now: number): boolean {
      return continueAsNew.run(now, to.input, to.lastOrdinal, seq, owner, epoch).changes === 1;
    },

    /** Begins the next attempt of an execution that retries itself. */
    rewind: ({ seq, owner, epoch }: Fence, deadlineAt: number | null): boolean =>
      rewind.run(deadlineAt, seq, owner, epoch).changes === 1,

    describe(fence: Fence, metadata: object | null, progress: object | null): void {
      const { seq, owner, epoch } = fence;
      describe.run(toText(metadata), toText(progress), seq, owner, epoch);
    },

    get(seq: number): Execution | undefined {
      const row = bySeq.get(seq);
      return row && toExecution(row);
    },

    byId(id: string): Execution | undefined {
      const row = byId.get(id);
      return row && toExecution(row);
    },

    /** Up to eleven executions whose id begins so. */
    byPrefix: (prefix: string): Execution[] => byPrefix.all(prefix, `${prefix}\uffff`).map(toExecution),

    ownedBy: (owner: string) => ownedBy.all(owner),
    /** Executions that were cancelled while this worker ran them: a cancelled row keeps its last owner. */
    cancelledSince: (owner: string, since: number): number => cancelledSince.get(owner, since)?.count ?? 0,
    renewLeases: (owner: string, until: number): number => renew.run(until, owner).changes,
    /** Makes what a dead worker held claimable at once. */
    abandon: (owner: string, at: number): number => abandon.run(at, owner).changes,
    nextWakeAt: (): number | null => nextWake.get()?.at ?? null,
    due: (now: number) => due.all(now),
    /** Counting stops at 1,001. */
    countIn: (status: ExecutionStatus): number => countIn.get(status)?.count ?? 0,

    /** Reserves a position for what another process settles, and wakes the execution if it sleeps. */
    addPosition(seq: number, now: number): number {
      const row = addPosition.get(now, seq);
      if (row === undefined) throw new Error(`execution ${seq} is gone`);
      return row.last_position;
    },

    /** A control operation's effect on the row; raising the epoch fences whoever runs it. */
    setControl(
      seq: number,
      to: {
        status: ExecutionStatus;
        wakeAt: number | null;
        failure: ExecutionFailure | null;
        endedAt: number | null;
        attempt: number;
        deadlineAt: number | null;
      },
    ): void {
      setControl.run(to.status, to.status, to.wakeAt, toText(to.failure), to.endedAt, to.attempt, to.deadlineAt, seq);
    },

    requestPause: (seq: number): void => void requestPause.run(seq),
    dropPauseRequest: (seq: number): void => void dropPauseRequest.run(seq),
  };
}

/** As the row has it, where secrets are redacted and sealed. */
function searchable({ id, workflow, target, tags, input, failure }: ExecutionRow): Searchable {
  const why = failure === null ? null : (JSON.parse(failure) as Failure);
  return { id, workflow, target, tags: JSON.parse(tags) as string[], input, failure: why };
}
