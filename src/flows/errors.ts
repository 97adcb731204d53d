import type { Failure, FailureOrigin } from "../core/statuses.ts";

/** A checkpoint failed for good. `cause` is what its last attempt threw, as it was recorded. */
export class CheckpointFailed extends Error {
  override readonly name = "CheckpointFailed";
  readonly checkpoint: string;
  readonly origin: FailureOrigin;
  readonly code: string;
  /** The limit that was reached, where that made it fail. */
  readonly guardrail: Failure["guardrail"];
  /** What to do about it, where the error said so. */
  readonly hint: string | undefined;

  constructor(selector: string, failure: Failure) {
    super(`checkpoint ${selector} failed: ${failure.message}`, { cause: rebuild(failure) });
    this.checkpoint = selector;
    this.origin = failure.origin;
    this.code = failure.code;
    this.guardrail = failure.guardrail;
    this.hint = failure.hint;
    // Where it failed is what an author looks for, not where the engine handed that over.
    const frames = failure.stack?.split("\n").filter((line) => line.startsWith("    at ")) ?? [];
    this.stack = [`CheckpointFailed: ${this.message}`, ...frames].join("\n");
  }
}

/** A step of a definition failed. `cause` is what made it fail; undefined where the step itself could not go on. */
export class StepFailed extends Error {
  override readonly name = "StepFailed";
  readonly step: string;
  readonly code: string;
  readonly hint: string | undefined;
  /** How long what it asked wants to be left alone before the next attempt. */
  readonly retryAfterMs: number | undefined;

  constructor(
    step: string,
    message: string,
    { code = "step_failed", hint, retryAfterMs, cause }: StepFailedOptions = {},
  ) {
    super(`step ${step}: ${message}`, cause === undefined ? {} : { cause });
    this.step = step;
    this.code = code;
    this.hint = hint;
    this.retryAfterMs = retryAfterMs;
  }
}

interface StepFailedOptions {
  code?: string;
  retryAfterMs?: number | undefined;
  hint?: string | undefined;
  cause?: unknown;
}

/** Someone aborted the wait, or the execution ended while it was open. */
export class WaitAborted extends Error {
  override readonly name = "WaitAborted";
  readonly wait: string;

  constructor(selector: string, failure: Failure) {
    super(failure.message);
    this.wait = selector;
  }
}

/** Nobody answered before the wait's deadline, and it had no default. */
export class WaitExpired extends Error {
  override readonly name = "WaitExpired";
  readonly wait: string;

  constructor(selector: string, failure: Failure) {
    super(failure.message);
    this.wait = selector;
  }
}

/** What `result()` of a handle throws when the execution did not complete. */
export class ExecutionFailed extends Error {
  override readonly name = "ExecutionFailed";
  readonly executionId: string;
  readonly status: "failed" | "cancelled";
  readonly failure: Failure | null;

  constructor(executionId: string, status: "failed" | "cancelled", failure: Failure | null) {
    const what = `execution ${executionId} ${status === "failed" ? "failed" : "was cancelled"}`;
    // Where an execution below it failed, that one is told, and not the whole line of its ancestors.
    const isBelow = failure?.code === "child_failed" || failure?.code === "child_cancelled";
    super(failure === null ? what : isBelow ? failure.message : `${what}: ${failure.message}`);
    this.executionId = executionId;
    this.status = status;
    this.failure = failure;
  }
}

/** An attempt ran longer than its checkpoint's `timeout`. */
export class AttemptTimedOut extends Error {
  override readonly name = "AttemptTimedOut";
}

/** A primitive was used where it cannot work; the message says what to do instead. */
export class MisuseError extends Error {
  override readonly name = "MisuseError";
}

/** The error that a recorded failure stands for: the same live and on a re-run. */
function rebuild(failure: Failure): Error {
  const error = new Error(failure.message);
  error.name = failure.name ?? "Error";
  if (failure.stack === undefined) delete error.stack;
  else error.stack = failure.stack;
  return error;
}
