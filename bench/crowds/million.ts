import type { Connection } from "../../src/store/database.ts";

/** The executions among which pages are looked for, and where the rare ones are. */
export interface Million {
  executions: number;
  /** Has more children than a page holds. */
  parentSeq: number;
  /** Was replayed more often than a page holds. */
  sourceId: string;
  /** When the oldest and the newest were created. */
  firstAt: number;
  lastAt: number;
}

/** From one to the next. */
const apartMs = 8_000;
/** How many of a million belong to the large family, and how many are replays of one execution. */
const children = 0.003;
const replays = 0.0004;

/**
 * Multiplies a real, completed execution by SQL, with the skew of a project that has been used for three months: nearly all
 * completed on one stack, one workflow far ahead, a very common tag and a very rare one, and, as the newest, one large
 * family of children, which a listing without a parent has to pass over.
 */
export function multiply(connection: Connection, templateSeq: number, executions: number): Million {
  const lastAt = Date.now();
  const firstAt = lastAt - executions * apartMs;
  const base = templateSeq;
  connection.transaction(() => {
    connection.prepare(rows).run({ base, executions, first: firstAt, apart: apartMs });
    connection.prepare(families).run({ base, executions, children: Math.round(executions * children) });
    connection.prepare(sources).run({ base, replays: Math.round(executions * replays) });
    for (const sql of [checkpoints, waits, tags, words]) connection.prepare(sql).run({ base });
  })();
  const source = connection.prepare<[number], { id: string }>("SELECT id FROM executions WHERE seq = ?").get(base + 2);
  return { executions, parentSeq: base + 1, sourceId: source?.id ?? "", firstAt, lastAt };
}

/** `n` counts from 1; everything that varies is arithmetic on it, so that two runs of the benchmark have the same rows. */
const rows = `
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :executions),
varied AS (
  SELECT n, :first + n * :apart AS at,
    CASE WHEN n % 2000 = 9 THEN 'audit' WHEN n % 10 < 7 THEN 'review' WHEN n % 10 < 9 THEN 'summary'
      ELSE 'report-' || (n % 37) END AS workflow,
    CASE WHEN n % (:executions / 20) = 7 THEN 'failed' WHEN n % (:executions / 3) = 11 THEN 'paused'
      WHEN n % 20 = 3 THEN 'waiting' WHEN n % 500 = 5 THEN 'cancelled' ELSE 'completed' END AS status
  FROM numbers
)
INSERT INTO executions (seq, id, workflow, target, version, status, stack, trigger, tags, input, attempt, epoch, result,
  failure, last_position, created_at, started_at, ended_at)
SELECT :base + n,
  printf('%08x-%04x-7%03x-%04x-%s', at >> 16, at & 65535, n & 4095, 32768 + n % 16384, lower(hex(randomblob(6)))),
  varied.workflow, 'flows/' || varied.workflow || '.ts:' || varied.workflow, version, varied.status,
  iif(n % 5000 = 17, 'remote', stack),
  CASE WHEN n % 4000 = 21 THEN 'event' WHEN n % 10 < 6 THEN 'api' ELSE 'schedule' END,
  CASE WHEN n % (:executions / 5) = 13 THEN '["nightly","incident"]' WHEN n % 2 = 0 THEN '["nightly"]'
    ELSE json_array('customer-' || (n % 500)) END,
  json_object('topic', 'otters in river ' || (n % 1000) || CASE WHEN n % (:executions / 25) = 4 THEN ' saltwater' ELSE '' END),
  attempt, epoch, iif(varied.status = 'completed', result, NULL),
  iif(varied.status = 'failed', json_object('code', 'error', 'message', 'The kettle is empty', 'origin', 'user_code'), NULL),
  last_position, at, at + 5, iif(varied.status IN ('waiting', 'paused'), NULL, at + 900)
FROM varied CROSS JOIN executions WHERE seq = :base`;

const families = `
UPDATE executions SET parent_seq = :base + 1, depth = 1
WHERE seq > :base + :executions - :children OR (seq > :base + 10 AND seq % 200 = 1)`;

const sources = `
UPDATE executions SET replayed_from = (SELECT id FROM executions WHERE seq = :base + 2), trigger = 'replay'
WHERE seq > :base + 2 AND seq % 100 = 1 AND seq <= :base + 2 + :replays * 100`;

/** What the template has recorded. */
const checkpoints = `
INSERT INTO journal (execution_seq, ordinal, kind, scope, name, occurrence, arguments_hash, status, origin, type, reuse,
  attempt, after_position, position, output, started_at, ended_at)
SELECT executions.seq, ordinal, kind, scope, name, occurrence, arguments_hash, journal.status, origin, type, reuse,
  journal.attempt, after_position, position, output, executions.started_at, executions.started_at + 500
FROM executions CROSS JOIN journal WHERE execution_seq = :base AND executions.seq > :base`;

const waits = `
INSERT INTO journal (execution_seq, ordinal, kind, scope, name, occurrence, status, after_position, detail, started_at)
SELECT seq, 1000, 'wait', '', 'approve', 1, 'pending', last_position, '{"question":"Publish it?"}', started_at
FROM executions WHERE status = 'waiting' AND seq > :base`;

const tags = `
INSERT INTO execution_tags (tag, execution_seq)
SELECT value, seq FROM executions, json_each(tags) WHERE seq > :base ORDER BY value, seq`;

/** The words that the store itself puts into the index. */
const words = `
INSERT INTO executions_search (rowid, text)
SELECT seq, concat_ws(' ', id, workflow, target, replace(replace(tags, '["', ''), '"]', ''), input,
  failure ->> '$.code', failure ->> '$.message')
FROM executions WHERE seq > :base`;
