import type { ExecutionStatus, Failure } from "../core/statuses.ts";

/** What is asked of a replay; kept with the execution so that every activation obeys it. */
export interface ReplayRequest {
  /** The anchor's place, which must be asked for again; null when everything re-runs. */
  anchor: { kind: string; scope: string; name: string; occurrence: number } | null;
  /** Checkpoint name to encoded output: every call of that name gets it without running. */
  overrides: Record<string, string>;
  /** Ordinals (in the new execution) of entries that hold an overridden output for one call. */
  overriddenEntries: number[];
}

/** A row as the database has it. */
export interface ExecutionRow {
  seq: number;
  id: string;
  workflow: string;
  target: string;
  version: string;
  status: ExecutionStatus;
  stack: string;
  trigger: string;
  tags: string;
  input: string | null;
  attempt: number;
  epoch: number;
  owner: string | null;
  wake_at: number | null;
  timeout_ms: number | null;
  deadline_at: number | null;
  last_position: number;
  pause_requested: number;
  blocked_reason: string | null;
  crashes: number;
  parent_seq: number | null;
  parent_ordinal: number | null;
  parent_checkpoint: number | null;
  models: string | null;
  workspace: string | null;
  timeouts: string | null;
  depth: number;
  continuation: number;
  last_ordinal: number;
  replayed_from: string | null;
  replay: string | null;
  result: string | null;
  failure: string | null;
  metadata: string | null;
  progress: string | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
}

interface ExecutionBase {
  seq: number;
  id: string;
  workflow: string;
  target: string;
  version: string;
  stack: string;
  trigger: string;
  tags: string[];
  input: string | null;
  attempt: number;
  epoch: number;
  lastPosition: number;
  pauseRequested: boolean;
  blockedReason: string | null;
  /** How often it was taken from a dead or silent owner since anything of it settled. */
  crashes: number;
  /** How long it may take from its start or its last retry, waits included. */
  timeoutMs: number | null;
  deadlineAt: number | null;
  parentSeq: number | null;
  /** The entry of the parent's journal that this execution settles; null where it was only linked. */
  parentOrdinal: number | null;
  /** The checkpoint of the parent that started it by itself, an agent's for example. */
  parentCheckpoint: number | null;
  /** Models that the run chose: step, or `*` for all, to model. */
  models: Record<string, string>;
  /** The folder in which its programs work, relative to the project; null: the project's root. */
  workspace: string | null;
  /** Limits for attempts of steps, in milliseconds: step, or `*` for all. */
  timeouts: Record<string, number>;
  /** How many executions are above it. */
  depth: number;
  /** How often it has begun anew with an empty journal. */
  continuation: number;
  /** The last ordinal of the journals before; the current one goes on from it. */
  lastOrdinal: number;
  replayedFrom: string | null;
  replay: ReplayRequest | null;
  metadata: Record<string, unknown> | null;
  progress: Record<string, unknown> | null;
  createdAt: number;
  startedAt: number | null;
}

/** `wakeAt` is the instant from which any worker may claim it; while it runs, the end of its lease. */
export type Execution = ExecutionBase &
  (
    | { status: "queued"; wakeAt: number | null }
    | { status: "running"; wakeAt: number; owner: string }
    | { status: "waiting"; wakeAt: number | null }
    | { status: "paused" }
    | { status: "completed"; result: string | null; endedAt: number }
    | { status: "failed"; failure: ExecutionFailure; endedAt: number }
    | { status: "cancelled"; failure: ExecutionFailure | null; endedAt: number }
  );

/** The failure that ended an execution, and what a retry of it would try again. */
export interface ExecutionFailure extends Failure {
  /** Ordinals of the failed entries in the error's cause chain and of failures that nobody had seen yet. */
  retriable?: number[];
  /** Ordinals of the entries that the ending closed. */
  closed?: number[];
}

export interface NewExecution {
  id: string;
  workflow: string;
  target: string;
  version: string;
  stack: string;
  trigger: string;
  tags: string[];
  input: string | null;
  timeoutMs: number | null;
  deadlineAt: number | null;
  lastPosition: number;
  parentSeq: number | null;
  parentOrdinal: number | null;
  parentCheckpoint?: number | null;
  models?: Record<string, string> | undefined;
  workspace?: string | null | undefined;
  timeouts?: Record<string, number> | undefined;
  depth: number;
  replayedFrom: string | null;
  replay: ReplayRequest | null;
  createdAt: number;
}

/** Who may write: the worker that holds the lease, at the epoch in which it took it. */
export interface Fence {
  seq: number;
  owner: string;
  epoch: number;
}

export function toExecution(row: ExecutionRow): Execution {
  const base: ExecutionBase = {
    seq: row.seq,
    id: row.id,
    workflow: row.workflow,
    target: row.target,
    version: row.version,
    stack: row.stack,
    trigger: row.trigger,
    tags: row.tags === "[]" ? [] : JSON.parse(row.tags),
    input: row.input,
    attempt: row.attempt,
    epoch: row.epoch,
    lastPosition: row.last_position,
    pauseRequested: row.pause_requested === 1,
    blockedReason: row.blocked_reason,
    crashes: row.crashes,
    timeoutMs: row.timeout_ms,
    deadlineAt: row.deadline_at,
    parentSeq: row.parent_seq,
    parentOrdinal: row.parent_ordinal,
    parentCheckpoint: row.parent_checkpoint,
    models: row.models === null ? {} : JSON.parse(row.models),
    workspace: row.workspace,
    timeouts: row.timeouts === null ? {} : JSON.parse(row.timeouts),
    depth: row.depth,
    continuation: row.continuation,
    lastOrdinal: row.last_ordinal,
    replayedFrom: row.replayed_from,
    replay: row.replay === null ? null : JSON.parse(row.replay),
    metadata: row.metadata === null ? null : JSON.parse(row.metadata),
    progress: row.progress === null ? null : JSON.parse(row.progress),
    createdAt: row.created_at,
    startedAt: row.started_at,
  };
  const endedAt = row.ended_at ?? 0;
  const failure: ExecutionFailure | null = row.failure === null ? null : JSON.parse(row.failure);
  switch (row.status) {
    case "queued":
    case "waiting":
      return { ...base, status: row.status, wakeAt: row.wake_at };
    case "running":
      return { ...base, status: "running", wakeAt: row.wake_at ?? 0, owner: row.owner ?? "" };
    case "paused":
      return { ...base, status: "paused" };
    case "completed":
      return { ...base, status: "completed", result: row.result, endedAt };
    case "failed":
      return { ...base, status: "failed", failure: failure ?? unknownFailure, endedAt };
    case "cancelled":
      return { ...base, status: "cancelled", failure, endedAt };
    default:
      return row.status satisfies never;
  }
}

const unknownFailure: Failure = { code: "unknown", message: "no failure was recorded", origin: "engine" };
