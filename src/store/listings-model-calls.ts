import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import { type Page, pageOf } from "./listings-page.ts";
import type { ModelCallStatus, Tables } from "./tables.ts";

export interface ModelCallsFilter {
  executionSeq?: number | undefined;
  /** Name of the checkpoint. */
  checkpoint?: string | undefined;
  /** The provider's name of the model, or `provider:model`. */
  model?: string | undefined;
  /** The name by which it was called. */
  alias?: string | undefined;
  status?: ModelCallStatus | undefined;
  /** Begun at this instant or later. */
  since?: number | undefined;
  /** Begun at this instant or earlier. */
  until?: number | undefined;
  /** Only calls older than the one with this id. */
  beforeId?: number | undefined;
  limit: number;
}

export type ModelCallRow = Omit<Tables["model_calls"], "execution_seq"> & { execution_id: string; workflow: string };

type CallsQuery = SelectQueryBuilder<Tables, "model_calls", object>;

/** One row for each request that was made of a model, newest first. */
export async function listModelCalls(database: Kysely<Tables>, filter: ModelCallsFilter): Promise<Page<ModelCallRow>> {
  const { beforeId, limit } = filter;
  const query = await withInstants(withValues(database.selectFrom("model_calls"), filter), filter, database);
  const before = beforeId === undefined ? query : query.where("id", "<", beforeId);
  const rows = before
    .select(["id", "ordinal", "checkpoint", "kind", "provider", "model", "alias", "attempt", "retries", "status"])
    .select(["finish_reason", "error", "input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens"])
    .select(["tool_calls", "cost_usd", "started_at", "first_token_ms", "latency_ms"])
    .select([
      sql<string>`(SELECT id FROM executions WHERE seq = execution_seq)`.as("execution_id"),
      sql<string>`(SELECT workflow FROM executions WHERE seq = execution_seq)`.as("workflow"),
    ])
    .orderBy("id", "desc");
  return pageOf({ counted: query, rows, limit, isFirst: beforeId === undefined });
}

/** Of the indices, that of the execution is always the shortest way: the unary plus keeps the other one out. */
function withValues(query: CallsQuery, filter: ModelCallsFilter): CallsQuery {
  const { executionSeq, checkpoint, model, alias, status } = filter;
  let filtered = query;
  if (executionSeq !== undefined) filtered = filtered.where("execution_seq", "=", executionSeq);
  if (model !== undefined) filtered = withModel(filtered, model, executionSeq === undefined);
  if (checkpoint !== undefined) filtered = filtered.where("checkpoint", "=", checkpoint);
  if (alias !== undefined) filtered = filtered.where("alias", "=", alias);
  return status === undefined ? filtered : filtered.where("status", "=", status);
}

/** Names of models may hold colons themselves, so both readings of one are looked for. */
function withModel(query: CallsQuery, text: string, isIndexed: boolean): CallsQuery {
  const [provider, ...rest] = text.split(":");
  const name = isIndexed ? sql<string>`model` : sql<string>`+model`;
  if (rest.length === 0) return query.where(name, "=", text);
  const behind = rest.join(":");
  return query
    .where(name, "in", [text, behind])
    .where(sql<boolean>`(model = ${text} OR provider = ${provider} AND model = ${behind})`);
}

/**
 * Ids rise with time, so instants become bounds of the id. The instants are compared besides: where the clock was set
 * back, some calls may be missing, but none lies outside.
 */
async function withInstants(
  query: CallsQuery,
  { since, until }: ModelCallsFilter,
  database: Kysely<Tables>,
): Promise<CallsQuery> {
  let bounded = query;
  if (since !== undefined)
    bounded = bounded.where("started_at", ">=", since).where("id", ">=", await firstSince(database, since));
  if (until !== undefined)
    bounded = bounded.where("started_at", "<=", until).where("id", "<", await firstSince(database, until + 1));
  return bounded;
}

/** The first id that has begun then or later, by halving: there is no index on the instants. */
async function firstSince(database: Kysely<Tables>, at: number): Promise<number> {
  const newest = await database
    .selectFrom("model_calls")
    .select("id")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  let low = 1;
  let high = (newest?.id ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await database
      .selectFrom("model_calls")
      .select(["id", "started_at"])
      .where("id", ">=", middle)
      .orderBy("id")
      .limit(1)
      .executeTakeFirst();
    if (found === undefined || found.started_at >= at) high = middle;
    else low = found.id + 1;
  }
  return low;
}
