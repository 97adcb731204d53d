import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import type { ExecutionStatus } from "../core/statuses.ts";
import { type Page, pageOf } from "./listings-page.ts";
import { searchQuery, type WordsAre } from "./search.ts";
import type { Tables } from "./tables.ts";

export interface ExecutionFilter {
  status?: ExecutionStatus | undefined;
  workflow?: string | undefined;
  stack?: string | undefined;
  trigger?: string | undefined;
  /** All of them. */
  tags?: readonly string[] | undefined;
  /** Children of this execution; without it, executions that are nobody's child. */
  parentSeq?: number | undefined;
  /** Id of the source of replays. */
  replayedFrom?: string | undefined;
  /** Created at this instant or later. */
  since?: number | undefined;
  /** Created at this instant or earlier. */
  until?: number | undefined;
  /** Words of its names, labels, input and failure. */
  search?: string | undefined;
  /** Only executions older than the one with this number. */
  before?: number | undefined;
  limit: number;
}

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

type Query = SelectQueryBuilder<Tables, "executions", object>;

const longestMessage = 300;

/** Newest first. A search that finds no whole words looks for beginnings of them. */
export async function listExecutions(
  database: Kysely<Tables>,
  filter: ExecutionFilter,
): Promise<Page<ExecutionSummary>> {
  const page = await pageWith(database, filter, "whole");
  return filter.search === undefined || page.total > 0 ? page : pageWith(database, filter, "beginnings");
}

async function pageWith(
  database: Kysely<Tables>,
  filter: ExecutionFilter,
  wordsAre: WordsAre,
): Promise<Page<ExecutionSummary>> {
  const { search, before } = filter;
  const query = withFilters(fromTagged(database, filter), filter);
  const filtered = search === undefined ? query : withSearch(query, searchQuery(search, wordsAre));
  const after = before === undefined ? filtered : filtered.where("seq", "<", before);
  const page = await pageOf(filtered, withColumns(after).orderBy(orderOf(filter), "desc"), filter.limit);
  return { ...page, items: page.items.map(toSummary) };
}

/** The index answers by falling row number, so that the newest are found first however many match. */
function withSearch(query: Query, words: string): Query {
  return query
    .innerJoin("executions_search", (join) => join.onRef("executions_search.rowid", "=", "executions.seq"))
    .where(sql<boolean>`executions_search MATCH ${words}`) as unknown as Query;
}

/** Executions with all the tags; the first one may drive the query. */
function fromTagged(database: Kysely<Tables>, { tags = [] }: ExecutionFilter): Query {
  const query = database.selectFrom("executions");
  const [first, ...others] = tags;
  if (first === undefined) return query;
  const joined = query.innerJoin("execution_tags", (join) =>
    join.onRef("execution_seq", "=", "seq").on("tag", "=", first),
  );
  return others.reduce(
    (rest, tag) => {
      const tagged = sql<number>`(SELECT 1 FROM execution_tags WHERE tag = ${tag} AND execution_seq = seq)`;
      return rest.where(tagged, "=", 1);
      // None of the columns that follow is in the table of tags.
    },
    joined as unknown as Query,
  );
}

/** Tags alone are read in the order of their key; with an index of the executions, in the order of that one. */
function orderOf({ tags = [], status, workflow, search }: ExecutionFilter) {
  if (search !== undefined) return sql<number>`executions_search.rowid`;
  const isByTag = tags.length > 0 && status === undefined && workflow === undefined;
  return isByTag ? sql<number>`execution_tags.execution_seq` : sql<number>`executions.seq`;
}

function withFilters(query: Query, filter: ExecutionFilter): Query {
  const { status, workflow, stack, trigger, parentSeq, replayedFrom, since, until } = filter;
  let filtered = query;
  if (status !== undefined) filtered = filtered.where("status", "=", status);
  if (workflow !== undefined) filtered = filtered.where("workflow", "=", workflow);
  if (stack !== undefined) filtered = filtered.where("stack", "=", stack);
  if (trigger !== undefined) filtered = filtered.where("trigger", "=", trigger);
  if (replayedFrom !== undefined) filtered = filtered.where("replayed_from", "=", replayedFrom);
  // The unary plus keeps the index of parents out: nearly every execution has none.
  if (parentSeq === undefined) filtered = filtered.where(sql`+parent_seq`, "is", null);
  else filtered = filtered.where("parent_seq", "=", parentSeq);
  return withTimes(filtered, since, until);
}

/**
 * Numbers rise with the time of creation, so instants become bounds of `seq`, which every index ends in. The instants
 * are compared besides: where the clock was set back, some may be missing, but none lies outside.
 */
function withTimes(query: Query, since: number | undefined, until: number | undefined): Query {
  let filtered = query;
  if (since !== undefined) {
    filtered = filtered.where(sql`+created_at`, ">=", since).where(
      "seq",
      ">=",
      sql<number>`coalesce((SELECT seq FROM executions WHERE created_at >= ${since}
        ORDER BY created_at, seq LIMIT 1), ${Number.MAX_SAFE_INTEGER})`,
    );
  }
  if (until !== undefined) {
    filtered = filtered.where(sql`+created_at`, "<=", until).where(
      "seq",
      "<=",
      sql<number>`coalesce((SELECT seq FROM executions WHERE created_at <= ${until}
        ORDER BY created_at DESC, seq DESC LIMIT 1), 0)`,
    );
  }
  return filtered;
}

function withColumns(query: Query) {
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
