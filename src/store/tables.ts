import type { ExecutionRow } from "./execution.ts";
import type { EntryKind, EntryReuse, EntryStatus } from "./journal.ts";
import type { LogLevel } from "./logs.ts";

/** The tables as listings see them: payload columns are left out, so no listing can read one by mistake. */
export interface Tables {
  executions: Omit<ExecutionRow, "input" | "result">;
  /** Full-text index; its text is not kept. */
  executions_search: { rowid: number };
  /** Every word of that index, once for each execution that has it. */
  executions_words: { term: string };
  execution_tags: { tag: string; execution_seq: number };
  journal: JournalTable;
  events: EventsTable;
  logs: LogsTable;
  model_calls: ModelCallsTable;
}

interface JournalTable {
  execution_seq: number;
  ordinal: number;
  kind: EntryKind;
  scope: string;
  name: string;
  occurrence: number;
  status: EntryStatus;
  reuse: EntryReuse;
  due_at: number | null;
  detail: string | null;
  started_at: number;
}

interface EventsTable {
  id: number;
  execution_seq: number;
  type: string;
  at: number;
  ordinal: number | null;
  data: string | null;
}

interface LogsTable {
  id: number;
  execution_seq: number;
  at: number;
  level: LogLevel;
  source: "flow" | "checkpoint" | "engine";
  ordinal: number | null;
  message: string;
}

export type ModelCallStatus = "running" | "completed" | "failed";

interface ModelCallsTable {
  id: number;
  execution_seq: number;
  ordinal: number;
  checkpoint: string;
  kind: "llm" | "agent";
  provider: string;
  model: string;
  alias: string | null;
  attempt: number;
  retries: number;
  status: ModelCallStatus;
  finish_reason: string | null;
  error: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cached_tokens: number | null;
  reasoning_tokens: number | null;
  tool_calls: number;
  cost_usd: number | null;
  started_at: number;
  first_token_ms: number | null;
  latency_ms: number | null;
}
