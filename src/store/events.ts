import { workEvents } from "../core/workplace.ts";
import type { Connection } from "./database.ts";
import type { Protection } from "./protection.ts";

/** The closed set of what the timeline tells. */
export const eventTypes = [
  "execution_created",
  "execution_started",
  "execution_suspended",
  "execution_blocked",
  "execution_isolated",
  "execution_paused",
  "execution_pause_requested",
  "execution_resumed",
  "execution_retried",
  "execution_continued",
  "execution_completed",
  "execution_failed",
  "execution_cancelled",
  "checkpoint_started",
  "checkpoint_restarted",
  "checkpoint_attempt_failed",
  "checkpoint_completed",
  "checkpoint_failed",
  "checkpoint_cached",
  "checkpoint_replayed",
  "checkpoint_overridden",
  "checkpoint_skipped",
  "wait_opened",
  "wait_expiring",
  "wait_answered",
  "wait_aborted",
  "wait_expired",
  "answer_refused",
  "answered_early",
  "sleep_started",
  "sleep_ended",
  "child_started",
  "child_completed",
  "child_failed",
  "child_cancelled",
  "artifact_saved",
  "artifact_loaded",
  "event_emitted",
  "progress",
  "secret_read",
  "journal_long",
  "input_changed",
  "entries_unused",
  "dependency_changed",
  ...workEvents,
] as const;
export type EventType = (typeof eventTypes)[number];

export interface NewEvent {
  type: EventType;
  at: number;
  /** The journal entry that it is about. */
  ordinal?: number | null;
  data?: Record<string, unknown> | undefined;
}

export type Events = ReturnType<typeof eventsTable>;

/** One append-only stream; ids rise with every event of the store. */
export function eventsTable(connection: Connection, { redactValue }: Protection) {
  const insert = connection.prepare(
    "INSERT INTO events (execution_seq, type, at, ordinal, data) VALUES (?, ?, ?, ?, ?)",
  );
  return {
    append(seq: number, event: NewEvent): void {
      const data = event.data === undefined ? null : JSON.stringify(redactValue(event.data));
      insert.run(seq, event.type, event.at, event.ordinal ?? null, data);
    },
  };
}
