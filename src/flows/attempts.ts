import { shown } from "../core/shown.ts";
import { MisuseError } from "./errors.ts";
import { checkCount, checkOptions, isOptions, readDuration, readLimit } from "./option-checks.ts";
import type { CheckpointOptions, RetryOptions } from "./options.ts";

/** What a checkpoint's options say of its attempts; what they leave open is undefined. */
export interface Attempts {
  /** Further attempts after the first. */
  max: number;
  backoffMs: number | undefined;
  maxDelayMs: number | undefined;
  retryOn: RetryOptions["retryOn"];
  timeoutMs: number | undefined;
}

/** @throws MisuseError when an option makes no sense */
export function readAttempts(what: string, { retries = 0, timeout }: CheckpointOptions): Attempts {
  const timeoutMs = timeout === undefined ? undefined : readLimit(`${what}: timeout`, timeout);
  return { ...readRetries(`${what}: retries`, retries), timeoutMs };
}

function readRetries(what: string, retries: number | RetryOptions): Omit<Attempts, "timeoutMs"> {
  if (!isOptions(retries)) {
    checkCount(what, retries);
    return { max: retries, backoffMs: undefined, maxDelayMs: undefined, retryOn: undefined };
  }
  checkOptions<RetryOptions>(what, retries, ["max", "backoff", "maxDelay", "retryOn"]);
  const { max, backoff, maxDelay, retryOn } = retries;
  checkCount(`${what}: max`, max);
  if (retryOn !== undefined && typeof retryOn !== "function") {
    throw new MisuseError(`${what}: retryOn must be a function; it is ${shown(retryOn)}`);
  }
  return {
    max,
    backoffMs: backoff === undefined ? undefined : readDuration(`${what}: backoff`, backoff),
    maxDelayMs: maxDelay === undefined ? undefined : readDuration(`${what}: maxDelay`, maxDelay),
    retryOn,
  };
}
