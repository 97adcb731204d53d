import { Kysely, SqliteDialect } from "kysely";
import type { Connection } from "./database.ts";
import { listBlocked } from "./listings-blocked.ts";
import { type EventsFilter, listEvents } from "./listings-events.ts";
import { listExecutions } from "./listings-executions.ts";
import type { ExecutionFilter } from "./listings-filter.ts";
import { type LogsFilter, listLogs } from "./listings-logs.ts";
import { listModelCalls, type ModelCallsFilter } from "./listings-model-calls.ts";
import { readStatistics, type StatisticsFilter } from "./listings-statistics.ts";
import { listWaits, type WaitsFilter } from "./listings-waits.ts";
import type { Tables } from "./tables.ts";

/** The listings that are put together from filters. Never destroyed: the connection belongs to the store. */
export function openQueries(connection: Connection) {
  const database = new Kysely<Tables>({ dialect: new SqliteDialect({ database: connection }) });
  return {
    executions: (filter: ExecutionFilter) => listExecutions(database, filter),
    blocked: (limit: number) => listBlocked(database, limit),
    waits: (filter: WaitsFilter) => listWaits(database, filter),
    events: (filter: EventsFilter) => listEvents(database, filter),
    logs: (filter: LogsFilter) => listLogs(database, filter),
    modelCalls: (filter: ModelCallsFilter) => listModelCalls(database, filter),
    statistics: (filter: StatisticsFilter) => readStatistics(database, filter),
  };
}
