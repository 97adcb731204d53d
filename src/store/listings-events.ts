import type { Kysely } from "kysely";
import { type Page, pageOf } from "./listings-page.ts";
import type { Tables } from "./tables.ts";

export interface EventsFilter {
  executionSeq: number;
  /** Only events that came after the one with this id. */
  afterId?: number | undefined;
  limit: number;
}

export interface EventRow {
  id: number;
  type: string;
  at: number;
  ordinal: number | null;
  data: Record<string, unknown> | null;
}

/** The timeline of an execution, oldest first. */
export async function listEvents(database: Kysely<Tables>, filter: EventsFilter): Promise<Page<EventRow>> {
  const { executionSeq, afterId, limit } = filter;
  const query = database.selectFrom("events").where("execution_seq", "=", executionSeq);
  const after = afterId === undefined ? query : query.where("id", ">", afterId);
  const rows = after.select(["id", "type", "at", "ordinal", "data"]).orderBy("id");
  const page = await pageOf({ counted: query, rows, limit, isFirst: afterId === undefined });
  return {
    ...page,
    items: page.items.map((row) => ({ ...row, data: row.data === null ? null : JSON.parse(row.data) })),
  };
}
