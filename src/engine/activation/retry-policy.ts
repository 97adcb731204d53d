import { after } from "../../core/clock.ts";
import type { Limits } from "../../core/guardrails.ts";
import { ModelError } from "../../core/model-error.ts";
import { readAttempts } from "../../flows/attempts.ts";
import { StepFailed } from "../../flows/errors.ts";
import { readGuardrails } from "../../flows/guardrails.ts";
import type { CheckpointOptions } from "../../flows/options.ts";
import { isRepeatable } from "./failures.ts";

const defaultBackoffMs = 1_000;
const defaultMaxDelayMs = 60_000;
/** A provider that asks for more has no room for this caller, or a wrong clock. */
const longestAskedMs = 24 * 3_600_000;

/** A checkpoint's options, read once. */
export interface AttemptPolicy {
  /** All attempts, the first included. */
  attempts: number;
  backoffMs: number;
  maxDelayMs: number;
  retryOn: ((error: unknown) => boolean) | undefined;
  timeoutMs: number | null;
  /** The checkpoint's own guardrails. */
  limits: Limits | undefined;
}

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
  // A service that says how long to wait refuses who comes earlier.
  const asked = isAsking(error) ? error.retryAfterMs : undefined;
  if (asked !== undefined) return asked > longestAskedMs ? undefined : after(now, asked);
  const doubled = policy.backoffMs * 2 ** Math.min(attempt - 1, 30);
  return after(now, Math.min(doubled, policy.maxDelayMs));
}

function isAsking(error: unknown): error is { retryAfterMs: number | undefined } {
  return error instanceof ModelError || error instanceof StepFailed;
}

function readPolicy(options: CheckpointOptions, name: string): AttemptPolicy {
  const { max, backoffMs, maxDelayMs, retryOn, timeoutMs } = readAttempts(`checkpoint ${name}`, options);
  return {
    attempts: max + 1,
    backoffMs: backoffMs ?? defaultBackoffMs,
    maxDelayMs: maxDelayMs ?? defaultMaxDelayMs,
    retryOn,
    timeoutMs: timeoutMs ?? null,
    limits: readGuardrails(`checkpoint ${name}`, options.guardrails),
  };
}
