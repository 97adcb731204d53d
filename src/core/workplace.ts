import type { Usage } from "./usage.ts";

/** What a request is expected to use at most. */
export interface Wanted {
  requests: number;
  tokens: number;
  toolCalls: number;
  turns: number;
  /** Null where no price is known. */
  costUsd: number | null;
  /** What of it is used as soon as the request is made, should nobody live to tell the rest. Default: nothing. */
  sent?: { tokens: number; costUsd: number | null };
}

/** What is left under all limits that apply; infinite where there is none. */
export interface Room {
  requests: number;
  tokens: number;
  toolCalls: number;
  turns: number;
  costUsd: number;
}

export interface Reservation {
  /** Gives it back and records what was really used. Later calls change nothing. */
  settle(usage: Partial<Usage>): Promise<void>;
}

/** The guardrails over one checkpoint: its own, those of its execution, and those of all executions above. */
export interface Budget {
  /** What is left when what others hold in reserve is used up. */
  room(): Room;
  /**
   * Takes what a request may use before it is made. Where only the reserves of others stand in the way it waits.
   * `fit` makes the request smaller where less is left than it asks for; undefined: it cannot be made smaller.
   * @throws GuardrailExceeded
   */
  reserve(wanted: Wanted, options?: { fit?: (room: Room) => Wanted | undefined }): Promise<Reservation>;
  /** Records what was used without having been reserved. @throws GuardrailExceeded when that is too much now */
  spend(usage: Partial<Usage>): Promise<void>;
  /**
   * The error for a limit that somebody else saw being reached, the model's cut at our own limit for example; `next` is
   * what the same work would take again.
   */
  exceeded(limit: "max_tokens" | "max_cost_usd" | "max_turns" | "max_tool_calls", next?: Partial<Wanted>): Error;
}

/** What a model or an agent may know of the checkpoint that it works for, and do to it. */
export interface Workplace {
  readonly executionId: string;
  readonly executionSeq: number;
  readonly workflow: string;
  /** The checkpoint's entry in the journal. */
  readonly ordinal: number;
  readonly selector: string;
  /** Name of the checkpoint: by it models are chosen for steps. */
  readonly step: string;
  /** Counts from 1. */
  readonly attempt: number;
  /** What the checkpoint kept of an attempt that a crash interrupted: fields that `remember` recorded. */
  readonly remembered: Readonly<Record<string, unknown>>;
  /** Fires when the checkpoint's time is over, or its execution was cancelled or taken over. */
  readonly signal: AbortSignal;
  readonly idempotencyKey: string;
  /** What the run says of models (step or `*` to model), and what the flow says. */
  readonly models: { run: Readonly<Record<string, string>>; flow: Readonly<Record<string, string>> };
  readonly budget: Budget;
  /** Whether the call is all that the checkpoint does: then the engine makes further attempts, durably. */
  readonly isWholeCheckpoint: boolean;
  /** Appends to the timeline; rides with the next commit. */
  event(type: WorkEvent, data: Record<string, unknown>): void;
  /** Facts for people to see with the checkpoint. */
  describe(fields: Record<string, unknown>): void;
  progress(report: { stage?: string; current?: number; total?: number }): void;
  save(name: string, kind: "prompt" | "response" | "context", value: unknown): Promise<void>;
  /** Keeps fields for the next attempt, should this one be interrupted; they are on the disk when it resolves. */
  remember(fields: Record<string, unknown>): Promise<void>;
  /** Runs in the next group commit; what it wrote is on the disk when it resolves. Not fenced: what was used was used. */
  write(apply: () => void): Promise<void>;
  /** Puts a process group on the record before it begins, and takes it off when it is gone. @throws when the lease is lost */
  recordGroup(leader: { pid: number; processStart: string | null }): Promise<void>;
  forgetGroup(pid: number): Promise<void>;
}

export const workEvents = [
  "model_called",
  "model_working",
  "model_answered",
  "model_cut",
  "model_failed",
  "model_streaming",
  "tool_called",
  "tool_answered",
  "agent_started",
  "agent_resumed",
  "agent_warning",
  "agent_ended",
  "guardrail_warning",
  "guardrail_exceeded",
  "guardrail_raised",
] as const;
export type WorkEvent = (typeof workEvents)[number];
