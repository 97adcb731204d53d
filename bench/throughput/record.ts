import Database from "better-sqlite3";
import type { Subject } from "./subject.ts";

export interface Expected {
  executions: number;
  checkpoints: number;
}

/**
 * Reads back what a subject claims to have done.
 * @throws Error when an execution has not ended, or a checkpoint is missing, ran or is on the record more than once
 */
export function verifyRecord(subject: Subject, expected: Expected): void {
  const found: Record<string, number> = { ...readCounts(subject.databasePath), bodies_run: subject.bodiesRun() };
  for (const [what, number] of Object.entries(expectedCounts(expected))) {
    if (found[what] !== number) {
      throw new Error(`${subject.name}: ${what} is ${found[what]} instead of ${number} (${JSON.stringify(found)})`);
    }
  }
}

function readCounts(databasePath: string): Record<string, number> {
  const database = new Database(databasePath, { readonly: true });
  try {
    return database.prepare<[], Record<string, number>>(counts).get() ?? {};
  } finally {
    database.close();
  }
}

function expectedCounts({ executions, checkpoints }: Expected): Record<string, number> {
  return {
    executions,
    completed_executions: executions,
    checkpoints,
    completed_checkpoints: checkpoints,
    settled_positions: checkpoints,
    complete_executions: executions,
    created_events: executions,
    started_events: executions,
    completed_events: executions,
    checkpoint_events: checkpoints,
    bodies_run: checkpoints,
  };
}

/** Each execution's input says how many checkpoints it was to make; its events and positions must say the same. */
const counts = `
WITH made AS (
  SELECT execution_seq, count(*) AS checkpoints, count(DISTINCT position) AS positions,
    sum(status = 'completed' AND origin = 'executed' AND output IS NOT NULL) AS completed
  FROM journal WHERE kind = 'checkpoint' GROUP BY execution_seq
), told AS (
  SELECT execution_seq, sum(type = 'execution_created') AS created, sum(type = 'execution_started') AS started,
    sum(type = 'execution_completed') AS ended,
    sum(type = 'checkpoint_completed') AS steps
  FROM events GROUP BY execution_seq
)
SELECT count(*) AS executions, sum(status = 'completed') AS completed_executions,
  sum(made.checkpoints) AS checkpoints, sum(made.completed) AS completed_checkpoints, sum(made.positions) AS settled_positions,
  sum(made.completed = json_extract(input, '$.checkpoints')) AS complete_executions,
  sum(told.created) AS created_events, sum(told.started) AS started_events, sum(told.ended) AS completed_events,
  sum(told.steps) AS checkpoint_events
FROM executions LEFT JOIN made ON made.execution_seq = seq LEFT JOIN told ON told.execution_seq = seq`;
