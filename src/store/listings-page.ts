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

/**
 * @param counted the query with every filter but the cursor
 * @param rows the same query after the cursor, asked for one row more than `limit`
 */
export async function pageOf<DB, TB extends keyof DB, Row>(
  counted: SelectQueryBuilder<DB, TB, object>,
  rows: SelectQueryBuilder<DB, TB, Row>,
  limit: number,
): Promise<Page<Row>> {
  const found = await rows.limit(limit + 1).execute();
  const { total, isExact } = await count(counted);
  return { items: found.slice(0, limit), hasMore: found.length > limit, total, totalIsExact: isExact };
}

async function count<DB, TB extends keyof DB>(query: SelectQueryBuilder<DB, TB, object>) {
  const rows = await query
    .select(sql<number>`1`.as("one"))
    .limit(mostCounted + 1)
    .execute();
  return { total: Math.min(rows.length, mostCounted), isExact: rows.length <= mostCounted };
}
