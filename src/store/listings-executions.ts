import { type Kysely, sql } from "kysely";
import type { ExecutionStatus } from "../core/statuses.ts";
import { type ExecutionFilter, type ExecutionQuery, filteredExecutions } from "./listings-filter.ts";
import { type Page, pageOf } from "./listings-page.ts";
import { beginningsQuery, wordsQuery } from "./listings-search.ts";
import type { Tables } from "./tables.ts";

export interface ExecutionSummary {
  seq: number;
  id: string;
  workflow: string;
  status: ExecutionStatus;
  stack: string;
  trigger: string;
  tags: string[];
  attempt: number;
  wakeAt: number | null;
  blockedReason: string | null;
  parentId: string | null;
  replayedFrom: string | null;
  failure: { code: string; message: string } | null;
  pendingWaits: number;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
}

const longestMessage = 300;

/** Newest first. A search that finds no whole words looks for beginnings of them. */
export async function listExecutions(
  database: Kysely<Tables>,
  filter: ExecutionFilter,
): Promise<Page<ExecutionSummary>> {
  const { search } = filter;
  if (search === undefined) return pageWith(database, filter);
  const page = await pageWith(database, filter, wordsQuery(search));
  const beginnings = page.total > 0 ? undefined : await beginningsQuery(database, search);
  return beginnings === undefined ? page : pageWith(database, filter, beginnings);
}

/** @param words what a search asks the full-text index */
async function pageWith(database: Kysely<Tables>, filter: ExecutionFilter, words?: string) {
  const { counted, rows, place } = await filteredExecutions(database, filter, words);
  const { limit, before } = filter;
  const newestFirst = withColumns(rows).orderBy(place, "desc");
  const page = await pageOf({ counted, rows: newestFirst, limit, isFirst: before === undefined });
  return { ...page, items: page.items.map(toSummary) };
}

function withColumns(query: ExecutionQuery) {
  return query
    .select([
      "seq",
      "id",
      "workflow",
      "status",
      "stack",
      "trigger",
      "tags",
      "attempt",
      "wake_at",
      "blocked_reason",
      "replayed_from",
      "created_at",
      "started_at",
      "ended_at",
    ])
    .select([
      sql<string | null>`failure ->> '$.code'`.as("failure_code"),
      sql<string | null>`substr(failure ->> '$.message', 1, ${longestMessage})`.as("failure_message"),
      sql<string | null>`(SELECT parent.id FROM executions AS parent WHERE parent.seq = executions.parent_seq)`.as(
        "parent_id",
      ),
      sql<number>`(SELECT count(*) FROM journal WHERE execution_seq = executions.seq AND kind = 'wait'
        AND status = 'pending')`.as("pending_waits"),
    ]);
}

function toSummary(row: Awaited<ReturnType<ReturnType<typeof withColumns>["execute"]>>[number]): ExecutionSummary {
  return {
    seq: row.seq,
    id: row.id,
    workflow: row.workflow,
    status: row.status,
    stack: row.stack,
    trigger: row.trigger,
    tags: JSON.parse(row.tags),
    attempt: row.attempt,
    wakeAt: row.wake_at,
    blockedReason: row.blocked_reason,
    parentId: row.parent_id,
    replayedFrom: row.replayed_from,
    failure: row.failure_code === null ? null : { code: row.failure_code, message: row.failure_message ?? "" },
    pendingWaits: row.pending_waits,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}
