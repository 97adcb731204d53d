import { after } from "../../core/clock.ts";
import { parseDuration } from "../../core/durations.ts";
import { MisuseError } from "../../flows/errors.ts";
import type { CheckpointOptions } from "../../flows/options.ts";
import { isRepeatable } from "./failures.ts";

const defaultBackoffMs = 1_000;
const defaultMaxDelayMs = 60_000;

/** A checkpoint's options, read once. */
export interface AttemptPolicy {
  /** All attempts, the first included. */
  attempts: number;
  backoffMs: number;
  maxDelayMs: number;
  retryOn: ((error: unknown) => boolean) | undefined;
  timeoutMs: number | null;
}

const once: AttemptPolicy = {
  attempts: 1,
  backoffMs: defaultBackoffMs,
  maxDelayMs: defaultMaxDelayMs,
  retryOn: undefined,
  timeoutMs: null,
};

const read = new WeakMap<CheckpointOptions, AttemptPolicy>();

/** @throws MisuseError when an option makes no sense */
export function attemptPolicy(options: CheckpointOptions, name: string): AttemptPolicy {
  let policy = read.get(options);
  if (policy === undefined) {
    policy = readPolicy(options, name);
    read.set(options, policy);
  }
  return policy;
}

/** When the next attempt begins, or undefined when there is none. */
export function nextAttemptAt(policy: AttemptPolicy, attempt: number, error: unknown, now: number): number | undefined {
  if (attempt >= policy.attempts || !isRepeatable(error)) return undefined;
  if (policy.retryOn !== undefined && !policy.retryOn(error)) return undefined;
  const doubled = policy.backoffMs * 2 ** Math.min(attempt - 1, 30);
  return after(now, Math.min(doubled, policy.maxDelayMs));
}

function readPolicy(options: CheckpointOptions, name: string): AttemptPolicy {
  const { retries, timeout } = options;
  if (retries === undefined && timeout === undefined) return once;
  const { max, backoff, maxDelay, retryOn } = typeof retries === "object" ? retries : { max: retries ?? 0 };
  if (!Number.isSafeInteger(max) || max < 0) {
    throw new MisuseError(`checkpoint ${name}: retries must be a whole number, 0 or more`);
  }
  return {
    attempts: max + 1,
    backoffMs: backoff === undefined ? defaultBackoffMs : parseDuration(backoff, "ms", `checkpoint ${name}: backoff`),
    maxDelayMs:
      maxDelay === undefined ? defaultMaxDelayMs : parseDuration(maxDelay, "ms", `checkpoint ${name}: maxDelay`),
    retryOn,
    timeoutMs: timeout === undefined ? null : parseDuration(timeout, "ms", `checkpoint ${name}: timeout`),
  };
}
