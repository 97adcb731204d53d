import type { Duration } from "../core/durations.ts";
import type { Limits } from "../core/guardrails.ts";
import type { ExecutionStatus } from "../core/statuses.ts";
import type { Guardrails } from "./guardrails.ts";

export interface RunOptions {
  stack?: string;
  /** A second run with the same key answers the first one's execution. */
  idempotencyKey?: string;
  tags?: string[];
  timeout?: Duration;
  /** Layered over the flow's own. */
  guardrails?: Guardrails;
  /** Models for steps: name of the step, or `*` for all, to an alias or "provider:model"; it beats all others. */
  models?: Record<string, string>;
}

/** The options of `run()` as they are passed on; the timeout in milliseconds. */
export type ReadRunOptions = Omit<RunOptions, "guardrails" | "models" | "timeout"> & {
  timeout?: number;
  limits?: Limits | undefined;
  models?: Record<string, string>;
};

export interface ReplayOptions {
  /** Checkpoint name, selector or id from which everything re-runs; none: all of it. */
  from?: string;
  /** `{ "checkpoint.<selector>": value }` */
  overrides?: Record<string, unknown>;
  /** Layered over the recorded input. */
  input?: unknown;
  code?: "original" | "current";
  reuseAnswers?: boolean;
  idempotencyKey?: string;
}

export interface Handle<Result = unknown> {
  readonly executionId: string;
  status(): Promise<ExecutionStatus>;
  /** Resolves when it ended, waits for someone or is paused, or when `timeout` is over; never throws for a failure. */
  wait(options?: { timeout?: Duration }): Promise<ExecutionStatus>;
  /** @throws ExecutionFailed when it failed or was cancelled */
  result(): Promise<Result>;
}

/** Starts executions from outside; the package's entry supplies it, since flows know no engine. */
export interface Launcher {
  run(flow: { name: string; file: string | undefined }, input: unknown, options: ReadRunOptions): Promise<Handle>;
  replay(executionId: string, options: ReplayOptions): Promise<Handle>;
}

const key = Symbol.for("savepoint.launcher");
const shared = globalThis as unknown as Record<symbol, (() => Promise<Launcher>) | undefined>;

/** Keeps what `open` answers; a later copy of this package in the process changes nothing. */
export function setLauncher(open: () => Promise<Launcher>): void {
  let opened: Promise<Launcher> | undefined;
  shared[key] ??= () => {
    opened ??= open();
    return opened;
  };
}

export function launcher(): Promise<Launcher> {
  const open = shared[key];
  if (open === undefined) throw new Error('import "savepoint" to start executions');
  return open();
}
