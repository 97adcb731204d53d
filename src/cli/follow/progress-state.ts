import type { EventView } from "../../tools/event-view.ts";
import { shortId } from "../short-ids.ts";

/** A checkpoint, wait, sleep or child, as far as the timeline has told. */
export interface ProgressRow {
  readonly key: string;
  readonly name: string;
  readonly kind: "checkpoint" | "wait" | "sleep" | "child";
  readonly status: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly attempt: number;
  /** What `progress()` said last. */
  readonly stage: Readonly<Record<string, unknown>> | null;
  readonly note: string;
}

export interface ProgressState {
  readonly status: string;
  readonly rows: readonly ProgressRow[];
  /** Of the execution as a whole. */
  readonly stage: Readonly<Record<string, unknown>> | null;
  readonly note: string;
}

export const nothingYet: ProgressState = { status: "queued", rows: [], stage: null, note: "" };

/** What is known once one more event has been told. */
export function withEvent(state: ProgressState, event: EventView): ProgressState {
  const { type, data, name } = event;
  if (type === "progress" && name === null) return { ...state, stage: data };
  if (type === "execution_blocked") return { ...state, note: `blocked: ${String(data?.["reason"])}` };
  if (type === "execution_isolated") return { ...state, note: "in a process of its own, since it killed its workers" };
  // What it did before is on no journal any more, and the same names begin again.
  if (type === "execution_continued") return { ...nothingYet, note: "goes on as new" };
  const status = executionStatuses[type];
  if (status !== undefined) return { ...state, status, note: "" };
  const change = changeOf(event);
  return change === undefined ? state : { ...state, rows: withChange(state.rows, event, change) };
}

/** Whether nothing more is to come for it. */
export function isSettled({ status }: ProgressRow): boolean {
  return status !== "running" && status !== "pending" && status !== "sleeping";
}

const executionStatuses: Record<string, string | undefined> = {
  execution_created: "queued",
  execution_started: "running",
  execution_suspended: "waiting",
  execution_paused: "paused",
  execution_resumed: "queued",
  execution_retried: "queued",
  execution_completed: "completed",
  execution_failed: "failed",
  execution_cancelled: "cancelled",
};

type Change = Partial<Pick<ProgressRow, "status" | "attempt" | "stage" | "note">>;

function changeOf({ type, data }: EventView): Change | undefined {
  switch (type) {
    case "checkpoint_started":
      return { status: "running", attempt: 1, note: "", stage: null };
    case "checkpoint_restarted":
      return { status: "running", attempt: Number(data?.["attempt"] ?? 1), note: "" };
    case "checkpoint_attempt_failed":
      return {
        status: "running",
        attempt: Number(data?.["attempt"] ?? 1) + 1,
        note: `failed: ${String(data?.["message"])}`,
      };
    case "checkpoint_completed":
    case "checkpoint_failed":
    case "checkpoint_cached":
    case "checkpoint_replayed":
    case "checkpoint_overridden":
      return { status: type.slice("checkpoint_".length), note: "" };
    case "progress":
      return { stage: data };
    case "wait_opened":
      return { status: "pending" };
    case "wait_answered":
    case "wait_aborted":
    case "wait_expired":
      return { status: type.slice("wait_".length), note: "" };
    case "answer_refused":
      return { note: `refused: ${String(data?.["reason"])}` };
    case "sleep_started":
      return { status: "sleeping" };
    case "sleep_ended":
      return { status: "completed" };
    case "child_started":
      return { status: "running", note: "" };
    case "child_completed":
    case "child_failed":
    case "child_cancelled":
      return { status: type.slice("child_".length) };
    default:
      return undefined;
  }
}

function withChange(rows: readonly ProgressRow[], event: EventView, change: Change): ProgressRow[] {
  const { type, at } = event;
  const { kind, name, key } = identityOf(event);
  const known = rows.find((row) => row.key === key);
  const begun = known ?? {
    key,
    kind,
    name,
    status: "running",
    startedAt: at,
    endedAt: null,
    attempt: 1,
    stage: null,
    note: "",
  };
  const isNew = type === "checkpoint_started" || type === "sleep_started";
  const changed: ProgressRow = { ...begun, ...change, ...(isNew && { startedAt: at }) };
  const next = { ...changed, endedAt: isSettled(changed) ? (isSettled(begun) ? begun.endedAt : at) : null };
  return known === undefined ? [...rows, next] : rows.map((row) => (row.key === key ? next : row));
}

function identityOf({ type, name, data }: EventView): Pick<ProgressRow, "kind" | "name" | "key"> {
  if (type.startsWith("child_")) {
    const id = String(data?.["execution_id"]);
    return { kind: "child", name: `${String(data?.["workflow"])} ${shortId(id)}`, key: `child ${id}` };
  }
  const kind = type.startsWith("sleep") ? "sleep" : /^(wait|answer)/.test(type) ? "wait" : "checkpoint";
  return { kind, name: name ?? kind, key: `${kind} ${name}` };
}
