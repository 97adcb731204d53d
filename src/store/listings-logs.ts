import { type Kysely, sql } from "kysely";
import { type Page, pageOf } from "./listings-page.ts";
import { type LogLevel, logLevels } from "./logs.ts";
import type { Tables } from "./tables.ts";

export interface LogsFilter {
  executionSeq: number;
  /** This level and the graver ones. */
  level?: LogLevel | undefined;
  source?: "flow" | "checkpoint" | "engine" | undefined;
  /** Lines that these checkpoints printed. */
  ordinals?: readonly number[] | undefined;
  /** Only lines older than the one with this id. */
  beforeId?: number | undefined;
  /** In characters; longer messages are cut. */
  longestMessage: number;
  limit: number;
}

export interface LogLine {
  id: number;
  at: number;
  level: LogLevel;
  source: "flow" | "checkpoint" | "engine";
  ordinal: number | null;
  message: string;
  /** How long the message is, where it was cut. */
  characters: number | null;
}

/** Newest first. */
export function listLogs(database: Kysely<Tables>, filter: LogsFilter): Promise<Page<LogLine>> {
  const { executionSeq, level, source, ordinals, beforeId, longestMessage, limit } = filter;
  let query = database.selectFrom("logs").where("execution_seq", "=", executionSeq);
  if (level !== undefined) query = query.where("level", "in", logLevels.slice(logLevels.indexOf(level)));
  if (source !== undefined) query = query.where("source", "=", source);
  // As one JSON parameter: a checkpoint that was called ten thousand times would be as many parameters.
  if (ordinals !== undefined)
    query = query.where(sql<boolean>`ordinal IN (SELECT value FROM json_each(${JSON.stringify(ordinals)}))`);
  const before = beforeId === undefined ? query : query.where("id", "<", beforeId);
  const rows = before
    .select(["id", "at", "level", "source", "ordinal"])
    .select([
      sql<string>`substr(message, 1, ${longestMessage})`.as("message"),
      sql<number | null>`CASE WHEN length(message) > ${longestMessage} THEN length(message) END`.as("characters"),
    ])
    .orderBy("id", "desc");
  return pageOf({ counted: query, rows, limit, isFirst: beforeId === undefined });
}
