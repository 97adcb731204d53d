import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Tables } from "./tables.ts";

export const statisticsGroups = ["workflow", "status", "model", "checkpoint", "execution", "day"] as const;
export type StatisticsGroup = (typeof statisticsGroups)[number];

export interface StatisticsFilter {
  groupBy: StatisticsGroup;
  workflow?: string | undefined;
  /** This execution and all that were started below it. */
  executionSeq?: number | undefined;
  /** Executions created at this instant or later. */
  since?: number | undefined;
  /** Executions created at this instant or earlier. */
  until?: number | undefined;
  /** Executions that have all of these. */
  tags?: readonly string[] | undefined;
  limit: number;
}

export interface Statistics {
  groups: GroupStatistics[];
  /** How many groups there are in all. */
  total: number;
  /** Whether durations were taken of the newest only, since there are too many. */
  isSampled: boolean;
}

export interface GroupStatistics extends ModelUse {
  group: string;
  /** Of a checkpoint. */
  workflow: string | null;
  /** Executions, checkpoints or requests to models. */
  count: number;
  failed: number;
  durationMs: { p50: number; p95: number } | null;
}

/** What the executions themselves asked of models; what their children did stands with these. */
interface ModelUse {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  reasoningTokens: number;
  toolCalls: number;
  /** What is known of it; null when nothing is known of any request. */
  costUsd: number | null;
  /** Requests whose cost is not known. */
  unpriced: number;
  latencyMs: { average: number; min: number; max: number } | null;
}

/** So many durations are sorted at most. */
const mostDurations = 10_000;

/** The biggest groups first; executions and days by their age. */
export async function readStatistics(database: Kysely<Tables>, filter: StatisticsFilter): Promise<Statistics> {
  const counted = await countGroups(database, filter);
  const names = counted.map(({ name }) => name);
  const durations = await readDurations(database, filter, names);
  const uses = await readUses(database, filter, names);
  return {
    groups: counted.map(({ name, count, failed }) => {
      const { group, workflow } = JSON.parse(name) as { group: string; workflow?: string };
      return {
        group,
        workflow: workflow ?? null,
        count,
        failed,
        durationMs: percentiles(durations.byName.get(name) ?? []),
        ...(uses.get(name) ?? noUse),
      };
    }),
    total: counted[0]?.total ?? 0,
    isSampled: durations.isSampled,
  };
}

/** What is counted: rows that join the executions `e`. */
interface Subject {
  rows: RawBuilder<unknown>;
  failed: RawBuilder<unknown>;
  ms: RawBuilder<unknown>;
  place: RawBuilder<unknown>;
}

const executions: Subject = {
  rows: sql`executions AS e`,
  failed: sql`e.status = 'failed'`,
  ms: sql`e.ended_at - e.started_at`,
  place: sql`e.seq`,
};
const checkpoints: Subject = {
  rows: sql`executions AS e JOIN journal AS j ON j.execution_seq = e.seq AND j.kind = 'checkpoint'
    AND j.reuse <> 'candidate' AND (j.origin IS NULL OR j.origin = 'executed')`,
  failed: sql`j.status = 'failed'`,
  ms: sql`j.ended_at - j.started_at`,
  place: sql`e.seq`,
};
const requests: Subject = {
  rows: sql`executions AS e JOIN model_calls AS m ON m.execution_seq = e.seq`,
  failed: sql`m.status = 'failed'`,
  ms: sql`m.latency_ms`,
  place: sql`m.id`,
};

function subjectOf(groupBy: StatisticsGroup): Subject {
  if (groupBy === "model") return requests;
  return groupBy === "checkpoint" ? checkpoints : executions;
}

/** A group's name as JSON, since a checkpoint is one of its workflow. */
function nameOf(groupBy: StatisticsGroup, rows: "subject" | "requests"): RawBuilder<string> {
  switch (groupBy) {
    case "workflow":
      return sql`json_object('group', e.workflow)`;
    case "status":
      return sql`json_object('group', e.status)`;
    case "execution":
      return sql`json_object('group', e.id)`;
    case "day":
      return sql`json_object('group', date(e.created_at / 1000, 'unixepoch'))`;
    case "model":
      return sql`json_object('group', m.provider || ':' || m.model)`;
    case "checkpoint": {
      const checkpoint = rows === "subject" ? sql`j.name` : sql`m.checkpoint`;
      return sql`json_object('group', ${checkpoint}, 'workflow', e.workflow)`;
    }
  }
}

function condition({ workflow, executionSeq, since, until, tags = [] }: StatisticsFilter): RawBuilder<unknown> {
  const parts: RawBuilder<unknown>[] = [sql`1`];
  if (workflow !== undefined) parts.push(sql`e.workflow = ${workflow}`);
  if (executionSeq !== undefined) {
    parts.push(sql`e.seq IN (WITH RECURSIVE family (seq) AS (SELECT ${executionSeq} UNION ALL
      SELECT child.seq FROM executions AS child JOIN family ON child.parent_seq = family.seq) SELECT seq FROM family)`);
  }
  if (since !== undefined) parts.push(sql`e.created_at >= ${since}`);
  if (until !== undefined) parts.push(sql`e.created_at <= ${until}`);
  for (const tag of tags) parts.push(sql`e.seq IN (SELECT execution_seq FROM execution_tags WHERE tag = ${tag})`);
  return sql.join(parts, sql` AND `);
}

interface CountedGroup {
  name: string;
  count: number;
  failed: number;
  total: number;
}

async function countGroups(database: Kysely<Tables>, filter: StatisticsFilter): Promise<CountedGroup[]> {
  const { groupBy, limit } = filter;
  const { rows, failed, place } = subjectOf(groupBy);
  const isByAge = groupBy === "execution" || groupBy === "day";
  const order = isByAge ? sql`max(${place}) DESC` : sql`count(*) DESC, max(${place}) DESC`;
  const found = await sql<CountedGroup>`SELECT ${nameOf(groupBy, "subject")} AS name, count(*) AS count,
      sum(${failed}) AS failed, count(*) OVER () AS total
    FROM ${rows} WHERE ${condition(filter)} GROUP BY 1 ORDER BY ${order} LIMIT ${limit}`.execute(database);
  return found.rows;
}

async function readDurations(
  database: Kysely<Tables>,
  filter: StatisticsFilter,
  names: readonly string[],
): Promise<{ byName: Map<string, number[]>; isSampled: boolean }> {
  const { rows, ms, place } = subjectOf(filter.groupBy);
  const name = nameOf(filter.groupBy, "subject");
  const found = await sql<{ name: string; ms: number }>`SELECT ${name} AS name, ${ms} AS ms
    FROM ${rows} WHERE ${condition(filter)} AND ${ms} IS NOT NULL AND ${isOneOf(name, names)}
    ORDER BY ${place} DESC LIMIT ${mostDurations + 1}`.execute(database);
  const byName = new Map<string, number[]>();
  for (const row of found.rows.slice(0, mostDurations)) {
    const list = byName.get(row.name) ?? [];
    list.push(row.ms);
    byName.set(row.name, list);
  }
  return { byName, isSampled: found.rows.length > mostDurations };
}

interface UseRow {
  name: string;
  requests: number;
  input: number | null;
  output: number | null;
  cached: number | null;
  reasoning: number | null;
  tools: number | null;
  cost: number | null;
  unpriced: number;
  average: number | null;
  least: number | null;
  most: number | null;
}

async function readUses(
  database: Kysely<Tables>,
  filter: StatisticsFilter,
  names: readonly string[],
): Promise<Map<string, ModelUse>> {
  const name = nameOf(filter.groupBy, "requests");
  const found = await sql<UseRow>`SELECT ${name} AS name, count(*) AS requests, sum(m.input_tokens) AS input,
      sum(m.output_tokens) AS output, sum(m.cached_tokens) AS cached, sum(m.reasoning_tokens) AS reasoning,
      sum(m.tool_calls) AS tools, sum(m.cost_usd) AS cost,
      sum(m.cost_usd IS NULL AND m.status <> 'running') AS unpriced, avg(m.latency_ms) AS average,
      min(m.latency_ms) AS least, max(m.latency_ms) AS most
    FROM ${requests.rows} WHERE ${condition(filter)} AND ${isOneOf(name, names)} GROUP BY 1`.execute(database);
  return new Map(found.rows.map((row) => [row.name, toUse(row)]));
}

/** As one JSON parameter, however many they are. */
function isOneOf(name: RawBuilder<string>, names: readonly string[]): RawBuilder<unknown> {
  return sql`${name} IN (SELECT value FROM json_each(${JSON.stringify(names)}))`;
}

const noUse: ModelUse = {
  requests: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
  toolCalls: 0,
  costUsd: 0,
  unpriced: 0,
  latencyMs: null,
};

function toUse({ requests: count, cost, unpriced, average, least, most, ...row }: UseRow): ModelUse {
  return {
    requests: count,
    inputTokens: row.input ?? 0,
    outputTokens: row.output ?? 0,
    cachedTokens: row.cached ?? 0,
    reasoningTokens: row.reasoning ?? 0,
    toolCalls: row.tools ?? 0,
    costUsd: cost,
    unpriced,
    latencyMs:
      average === null || least === null || most === null
        ? null
        : { average: Math.round(average), min: least, max: most },
  };
}

/** By the nearest rank: each is a duration that occurred. */
function percentiles(durations: readonly number[]): { p50: number; p95: number } | null {
  const sorted = [...durations].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  const [p50, p95] = [at(0.5), at(0.95)];
  return p50 === undefined || p95 === undefined ? null : { p50, p95 };
}
