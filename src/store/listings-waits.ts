import { type Kysely, sql } from "kysely";
import { waitPlace } from "../core/wait-place.ts";
import { commonFrom, countUpTo, type Page, pageOf } from "./listings-page.ts";
import { entryId } from "./selectors.ts";
import type { Tables } from "./tables.ts";

export interface WaitsFilter {
  workflow?: string | undefined;
  executionSeq?: number | undefined;
  /** Only waits that stand after this one in the listing. */
  after?: { executionSeq: number; ordinal: number } | undefined;
  limit: number;
}

export interface PendingWait {
  id: string;
  executionSeq: number;
  executionId: string;
  workflow: string;
  ordinal: number;
  name: string;
  /** Name, branch and number, by which it is told from others of its name. */
  place: string;
  /** Question, schema and metadata, as the wait recorded them. */
  detail: Record<string, unknown>;
  askedAt: number;
  dueAt: number | null;
}

/** Left to itself SQLite walks through the whole journal, of which pending waits are a vanishing part. */
const pending = sql<{ execution_seq: number; ordinal: number }>`(SELECT execution_seq, ordinal FROM journal
  INDEXED BY journal_pending_waits WHERE kind = 'wait' AND status = 'pending')`;

/** Those of the newest executions first. */
export async function listWaits(database: Kysely<Tables>, filter: WaitsFilter): Promise<Page<PendingWait>> {
  const { workflow, executionSeq, after, limit } = filter;
  let query = database
    .selectFrom(pending.as("pending"))
    .innerJoin("journal", (join) =>
      join
        .onRef("journal.execution_seq", "=", "pending.execution_seq")
        .onRef("journal.ordinal", "=", "pending.ordinal"),
    )
    .innerJoin("executions", "executions.seq", "pending.execution_seq");
  if (workflow !== undefined) {
    const known = database.selectFrom("executions").where("workflow", "=", workflow);
    const isCommon = (await countUpTo(known, commonFrom)) === commonFrom;
    // Of a common workflow, waits are met soon; of a rare one, its executions are fewer than the waits of all others.
    query = query.where(isCommon ? sql`+executions.workflow` : "executions.workflow", "=", workflow);
  }
  if (executionSeq !== undefined) query = query.where("pending.execution_seq", "=", executionSeq);
  let rows = query;
  if (after !== undefined) {
    rows = rows.where(({ eb, refTuple, tuple }) =>
      eb(refTuple("pending.execution_seq", "pending.ordinal"), "<", tuple(after.executionSeq, after.ordinal)),
    );
  }
  const selected = rows
    .select(["pending.execution_seq", "pending.ordinal", "executions.id", "executions.workflow", "journal.name"])
    .select(["journal.scope", "journal.occurrence"])
    .select(["journal.detail", "journal.started_at", "journal.due_at"])
    .orderBy("pending.execution_seq", "desc")
    .orderBy("pending.ordinal", "desc");
  const page = await pageOf({ counted: query, rows: selected, limit, isFirst: after === undefined });
  return {
    ...page,
    items: page.items.map((row) => ({
      id: entryId(row.id, row.ordinal),
      executionSeq: row.execution_seq,
      executionId: row.id,
      workflow: row.workflow,
      ordinal: row.ordinal,
      name: row.name,
      place: waitPlace(row),
      detail: row.detail === null ? {} : JSON.parse(row.detail),
      askedAt: row.started_at,
      dueAt: row.due_at,
    })),
  };
}
