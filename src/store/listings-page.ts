import { type SelectQueryBuilder, sql } from "kysely";

export interface Page<T> {
  items: T[];
  /** Whether more follow after the last item. */
  hasMore: boolean;
  /** How many there are in all; counting stops at 1,000. */
  total: number;
  totalIsExact: boolean;
}

const mostCounted = 1_000;
/** A value that so many rows have is common: fewer are looked through in a few milliseconds. */
export const commonFrom = 10_000;

interface PageQuery<DB, TB extends keyof DB, Row> {
  /** The query with every filter but the cursor. */
  counted: SelectQueryBuilder<DB, TB, object>;
  /** The same query after the cursor. */
  rows: SelectQueryBuilder<DB, TB, Row>;
  limit: number;
  /** Whether there is no cursor. */
  isFirst: boolean;
}

export async function pageOf<DB, TB extends keyof DB, Row>(query: PageQuery<DB, TB, Row>): Promise<Page<Row>> {
  const { counted, rows, limit, isFirst } = query;
  const found = await rows.limit(limit + 1).execute();
  const hasMore = found.length > limit;
  const count = isFirst && !hasMore ? found.length : await countUpTo(counted, mostCounted + 1);
  return {
    items: found.slice(0, limit),
    hasMore,
    total: Math.min(count, mostCounted),
    totalIsExact: count <= mostCounted,
  };
}

/** Counts rows, and stops at `most`. */
export async function countUpTo<DB, TB extends keyof DB>(
  query: SelectQueryBuilder<DB, TB, object>,
  most: number,
): Promise<number> {
  const rows = await query.select(sql<number>`1`.as("one")).limit(most).execute();
  return rows.length;
}
