import { type Kysely, type RawBuilder, type SelectQueryBuilder, sql } from "kysely";
import type { ExecutionStatus } from "../core/statuses.ts";
import { commonFrom, countUpTo } from "./listings-page.ts";
import type { Tables } from "./tables.ts";

export interface ExecutionFilter {
  status?: ExecutionStatus | undefined;
  workflow?: string | undefined;
  stack?: string | undefined;
  trigger?: string | undefined;
  /** All of them. */
  tags?: readonly string[] | undefined;
  /** Children of this execution; without it, executions that are nobody's child, unless the trigger is their parent. */
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

export type ExecutionQuery = SelectQueryBuilder<Tables, "executions", object>;

/** What a query walks along, newest first; everything else is looked up for each execution that it meets. */
type Path = "search" | "tag" | "workflow and status" | "executions";

interface Filtered {
  /** With every filter but the cursor. */
  counted: ExecutionQuery;
  rows: ExecutionQuery;
  /** The executions' numbers, as the table has them along which the query walks. */
  place: RawBuilder<number>;
}

/**
 * The executions that a filter lets through. Left to itself SQLite, which knows nothing of how common a value is, takes
 * ways that are a thousand times longer, so the way is chosen here.
 * @param words what a search asks the full-text index
 */
export async function filteredExecutions(
  database: Kysely<Tables>,
  filter: ExecutionFilter,
  words: string | undefined,
): Promise<Filtered> {
  const tags = await countedTags(database, filter);
  const path = pathOf(filter, tags);
  const place = placeOn(path);
  const tagged = withTags(from(database, path), tags);
  const searched = words === undefined ? tagged : withSearch(tagged, words);
  const filtered = withValues(searched, filter, path);
  return {
    counted: withBounds(filtered, filter, { place }),
    rows: withBounds(filtered, filter, { place, before: filter.before }),
    place,
  };
}

interface CountedTag {
  tag: string;
  count: number;
}

/** The rarest first. Counting stops where a tag is common, and nothing depends on the count of a tag that stands alone. */
async function countedTags(database: Kysely<Tables>, filter: ExecutionFilter): Promise<CountedTag[]> {
  const { tags = [] } = filter;
  if (tags.length === 1 && !isNarrow(filter)) return tags.map((tag) => ({ tag, count: 0 }));
  const counted = await Promise.all(
    tags.map(async (tag) => {
      const tagged = database.selectFrom("execution_tags").where("tag", "=", tag);
      return { tag, count: await countUpTo(tagged, commonFrom) };
    }),
  );
  return counted.sort((a, b) => a.count - b.count);
}

function pathOf(filter: ExecutionFilter, [rarest]: CountedTag[]): Path {
  const { status, workflow, parentSeq, replayedFrom, search } = filter;
  if (search !== undefined) return "search";
  if (rarest !== undefined && (rarest.count < commonFrom || !isNarrow(filter))) return "tag";
  const isFamily = parentSeq !== undefined || replayedFrom !== undefined;
  return status !== undefined && workflow !== undefined && !isFamily ? "workflow and status" : "executions";
}

function isNarrow({ status, workflow }: ExecutionFilter): boolean {
  return status !== undefined || workflow !== undefined;
}

function placeOn(path: Path): RawBuilder<number> {
  if (path === "search") return sql`executions_search.rowid`;
  return path === "tag" ? sql`execution_tags.execution_seq` : sql`executions.seq`;
}

function from(database: Kysely<Tables>, path: Path): ExecutionQuery {
  if (path !== "workflow and status") return database.selectFrom("executions");
  const indexed = sql<Tables["executions"]>`(SELECT * FROM executions INDEXED BY executions_by_workflow_and_status)`;
  return database.selectFrom(indexed.as("executions")) as unknown as ExecutionQuery;
}

/** Executions with all the tags; the first one may be what the query walks along. */
function withTags(query: ExecutionQuery, [first, ...others]: CountedTag[]): ExecutionQuery {
  if (first === undefined) return query;
  const joined = query.innerJoin("execution_tags", (join) =>
    join.onRef("execution_seq", "=", "seq").on("tag", "=", first.tag),
  );
  return others.reduce(
    (rest, { tag }) => {
      const tagged = sql<number>`(SELECT 1 FROM execution_tags WHERE tag = ${tag} AND execution_seq = seq)`;
      return rest.where(tagged, "=", 1);
      // None of the columns that follow is in the table of tags.
    },
    joined as unknown as ExecutionQuery,
  );
}

/** The index answers by falling row number, so that the newest are found first however many match. */
function withSearch(query: ExecutionQuery, words: string): ExecutionQuery {
  return query
    .innerJoin("executions_search", (join) => join.onRef("executions_search.rowid", "=", "executions.seq"))
    .where(sql<boolean>`executions_search MATCH ${words}`) as unknown as ExecutionQuery;
}

/** The unary plus keeps an index out: the path is another, or, of parents, nearly every execution has none. */
function withValues(query: ExecutionQuery, filter: ExecutionFilter, path: Path): ExecutionQuery {
  const { status, workflow, stack, trigger, parentSeq, replayedFrom } = filter;
  const isElsewhere = path === "search" || path === "tag";
  let filtered = query;
  if (status !== undefined) filtered = filtered.where(isElsewhere ? sql`+status` : "status", "=", status);
  if (workflow !== undefined) filtered = filtered.where(isElsewhere ? sql`+workflow` : "workflow", "=", workflow);
  if (stack !== undefined) filtered = filtered.where("stack", "=", stack);
  if (trigger !== undefined) filtered = filtered.where("trigger", "=", trigger);
  if (replayedFrom !== undefined) filtered = filtered.where("replayed_from", "=", replayedFrom);
  if (parentSeq !== undefined) return filtered.where("parent_seq", "=", parentSeq);
  return trigger === "parent" ? filtered : filtered.where(sql`+parent_seq`, "is", null);
}

/**
 * Numbers rise with the time of creation, so instants become bounds of the number, in which every path is ordered. The
 * instants are compared besides: where the clock was set back, some may be missing, but none lies outside.
 */
function withBounds(
  query: ExecutionQuery,
  { since, until }: ExecutionFilter,
  { place, before = Number.MAX_SAFE_INTEGER }: { place: RawBuilder<number>; before?: number | undefined },
): ExecutionQuery {
  let bounded = query;
  if (since !== undefined) bounded = bounded.where(sql`+created_at`, ">=", since).where(place, ">=", firstSince(since));
  if (until !== undefined) bounded = bounded.where(sql`+created_at`, "<=", until);
  // One upper bound: of two, SQLite may begin at the higher one and walk to the other.
  if (until !== undefined) return bounded.where(place, "<=", integer(sql`min(${before} - 1, ${lastUntil(until)})`));
  return before === Number.MAX_SAFE_INTEGER ? bounded : bounded.where(place, "<", integer(sql`${before}`));
}

function firstSince(since: number): RawBuilder<number> {
  return integer(sql`coalesce((SELECT seq FROM executions WHERE created_at >= ${since}
    ORDER BY created_at, seq LIMIT 1), ${Number.MAX_SAFE_INTEGER})`);
}

function lastUntil(until: number): RawBuilder<number> {
  return sql`coalesce((SELECT seq FROM executions WHERE created_at <= ${until}
    ORDER BY created_at DESC, seq DESC LIMIT 1), 0)`;
}

/** JavaScript's numbers arrive as floating-point ones, which the full-text index does not take for a bound. */
function integer(value: RawBuilder<unknown>): RawBuilder<number> {
  return sql<number>`CAST(${value} AS INTEGER)`;
}
