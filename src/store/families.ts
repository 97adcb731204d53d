import type { ExecutionStatus } from "../core/statuses.ts";
import type { Connection } from "./database.ts";
import { type Execution, type ExecutionRow, toExecution } from "./execution.ts";

/** Beyond so many open executions nobody looks for questions one by one. */
const mostOfFamily = 500;

export interface Descendant {
  id: string;
  workflow: string;
  status: ExecutionStatus;
  /** How far below: 1 for a child. */
  depth: number;
  pendingWaits: number;
}

interface ChildClaim {
  owner: string;
  leaseUntil: number;
  now: number;
  most: number;
}

export type Families = ReturnType<typeof familiesTable>;

/** What has not ended; as a list of what there is, so that the index of children and their statuses serves. */
const open = "status IN ('queued', 'running', 'waiting', 'paused')";

/** Statements on executions and those that stand below them. */
export function familiesTable(connection: Connection) {
  // From the running parents, of which there are few, by the index of their children that may be claimed.
  const neededChildren = `SELECT (SELECT child.seq FROM executions AS child WHERE child.parent_seq = parent.seq
       AND child.wake_at <= $now ORDER BY child.wake_at LIMIT 1) AS needed
     FROM executions AS parent WHERE parent.status = 'running' AND needed IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM executions AS sibling WHERE sibling.parent_seq = parent.seq AND sibling.wake_at > $now
         AND sibling.status = 'running')`;
  const claimChildren = connection.prepare<[ChildClaim], ExecutionRow>(
    `UPDATE executions SET status = 'running', owner = $owner, epoch = epoch + 1, wake_at = $leaseUntil,
       started_at = coalesce(started_at, $now), crashes = crashes + (status = 'running')
     WHERE seq IN (${neededChildren} LIMIT +$most) RETURNING *`,
  );
  const hasDueChild = connection.prepare<[{ now: number }], unknown>(`${neededChildren} LIMIT 1`);
  const descendants = connection.prepare<[number, number], Descendant>(
    `WITH RECURSIVE family (seq, depth) AS (
       SELECT seq, 1 FROM executions WHERE parent_seq = ?
       UNION ALL
       SELECT child.seq, family.depth + 1 FROM family JOIN executions AS child ON child.parent_seq = family.seq
       ORDER BY 2 DESC, 1
     ) SELECT id, workflow, status, family.depth, (SELECT count(*) FROM journal WHERE execution_seq = family.seq
         AND kind = 'wait' AND journal.status = 'pending') AS pendingWaits
       FROM family CROSS JOIN executions USING (seq) LIMIT +?`,
  );
  const hasOpenChild = connection.prepare(`SELECT 1 FROM executions WHERE parent_seq = ? AND ${open} LIMIT 1`);
  const askingBelow = connection.prepare<[number], Pick<ExecutionRow, "id" | "workflow">>(
    `WITH RECURSIVE family (seq) AS (
       SELECT ? UNION ALL
       SELECT child.seq FROM family JOIN executions AS child ON child.parent_seq = family.seq
         AND child.${open} LIMIT ${mostOfFamily}
     ) SELECT id, workflow FROM family JOIN executions USING (seq)
       JOIN journal ON execution_seq = seq AND kind = 'wait' AND journal.status = 'pending' LIMIT 1`,
  );
  const openChildren = connection.prepare<[number], ExecutionRow>(
    `SELECT * FROM executions WHERE parent_seq = ? AND ${open} ORDER BY seq`,
  );

  return {
    /** Whether `claimChildren` would find any. */
    hasDueChild: (now: number): boolean => hasDueChild.get({ now }) !== undefined,

    /**
     * Takes children that a running parent may be waiting for in one of its steps: for each such parent one, unless it
     * has a running child already.
     */
    claimChildren: (owner: string, leaseUntil: number, now: number, most: number): Execution[] =>
      claimChildren.all({ owner, leaseUntil, now, most }).map(toExecution),

    /** All that stands below an execution, oldest first, each followed by its own. */
    descendants: (seq: number, most: number): Descendant[] => descendants.all(seq, most),

    /** An execution that has a pending wait: this one or one of those below it. */
    askingBelow: (seq: number) => askingBelow.get(seq),
    hasOpenChild: (seq: number): boolean => hasOpenChild.get(seq) !== undefined,
    /** Children that have not ended, oldest first. */
    openChildren: (seq: number): Execution[] => openChildren.all(seq).map(toExecution),
  };
}
