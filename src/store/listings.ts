import type { BlockedExecution } from "./listings-blocked.ts";
import type { EventRow, EventsFilter } from "./listings-events.ts";
import type { ExecutionSummary } from "./listings-executions.ts";
import type { ExecutionFilter } from "./listings-filter.ts";
import { type JournalOverview, journalOverview } from "./listings-journal.ts";
import type { LogLine, LogsFilter } from "./listings-logs.ts";
import type { ModelCallRow, ModelCallsFilter } from "./listings-model-calls.ts";
import type { Page } from "./listings-page.ts";
import type { Statistics, StatisticsFilter } from "./listings-statistics.ts";
import type { PendingWait, WaitsFilter } from "./listings-waits.ts";
import { parseReference } from "./payloads.ts";
import { entryId } from "./selectors.ts";
import type { Store } from "./store.ts";

/** What is read of the store without touching the engine. No listing reads a payload. */
export interface Listings {
  executions(filter: ExecutionFilter): Promise<Page<ExecutionSummary>>;
  /** Executions that cannot go on, oldest first. */
  blocked(limit: number): Promise<Page<BlockedExecution>>;
  /** Pending waits of all executions, or of one. */
  waits(filter: WaitsFilter): Promise<Page<PendingWait>>;
  events(filter: EventsFilter): Promise<Page<EventRow>>;
  logs(filter: LogsFilter): Promise<Page<LogLine>>;
  /** Requests that were made of models, newest first. */
  modelCalls(filter: ModelCallsFilter): Promise<Page<ModelCallRow>>;
  /** Executions, checkpoints or requests in groups, with what they took and used. */
  statistics(filter: StatisticsFilter): Promise<Statistics>;
  readonly journal: JournalOverview;
  /** The id of a journal entry. */
  entryId(executionId: string, ordinal: number): string;
  /** Size of the text in a payload column, wherever it is kept. */
  payloadBytes(column: string): number;
  /** Number of the database's schema. */
  schemaNumber(): number;
}

export function openListings(store: Store): Listings {
  const reader = store.reader();
  let opening: ReturnType<typeof loadQueries> | undefined;
  // Loading the query builder takes longer than opening a project, and most processes never list.
  const queries = () => {
    opening ??= loadQueries(store);
    return opening;
  };
  return {
    executions: async (filter) => (await queries()).executions(filter),
    blocked: async (limit) => (await queries()).blocked(limit),
    waits: async (filter) => (await queries()).waits(filter),
    events: async (filter) => (await queries()).events(filter),
    logs: async (filter) => (await queries()).logs(filter),
    modelCalls: async (filter) => (await queries()).modelCalls(filter),
    statistics: async (filter) => (await queries()).statistics(filter),
    journal: journalOverview(reader),
    entryId,
    payloadBytes: (column) => parseReference(column)?.bytes ?? Buffer.byteLength(column),
    schemaNumber: () => Number(reader.pragma("user_version", { simple: true })),
  };
}

async function loadQueries(store: Store) {
  const { openQueries } = await import("./listings-queries.ts");
  return openQueries(store.reader());
}
