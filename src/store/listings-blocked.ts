import { type Kysely, sql } from "kysely";
import { type Page, pageOf } from "./listings-page.ts";
import type { Tables } from "./tables.ts";

export interface BlockedExecution {
  seq: number;
  id: string;
  reason: string;
}

const longestReason = 300;

/** Executions that cannot go on, oldest first. One that is being tried again counts until it has got on. */
export async function listBlocked(database: Kysely<Tables>, limit: number): Promise<Page<BlockedExecution>> {
  const query = database
    .selectFrom("executions")
    .where("status", "in", ["queued", "running"])
    .where("blocked_reason", "is not", null);
  const rows = query
    .select(["seq", "id", sql<string>`substr(blocked_reason, 1, ${longestReason})`.as("reason")])
    .orderBy("seq");
  return pageOf({ counted: query, rows, limit, isFirst: true });
}
