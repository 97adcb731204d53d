import type { ExecutionStatus } from "../core/statuses.ts";
import type { EntryKind, EntryReuse, EntryStatus } from "./journal.ts";
import type { LogLevel } from "./logs.ts";

/** The tables as listings see them: payload columns are left out, so no listing can read one by mistake. */
export interface Tables {
  executions: ExecutionsTable;
  execution_tags: { tag: string; execution_seq: number };
  journal: JournalTable;
  events: EventsTable;
  logs: LogsTable;
}

interface ExecutionsTable {
  seq: number;
  id: string;
  workflow: string;
  target: string;
  version: string;
  status: ExecutionStatus;
  stack: string;
  trigger: string;
  tags: string;
  attempt: number;
  wake_at: number | null;
  blocked_reason: string | null;
  parent_seq: number | null;
  replayed_from: string | null;
  failure: string | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
}

interface JournalTable {
  execution_seq: number;
  ordinal: number;
  kind: EntryKind;
  name: string;
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
