import type { Duration } from "../core/durations.ts";
import { shown } from "../core/shown.ts";
import { MisuseError } from "./errors.ts";
import { readGuardrails } from "./guardrails.ts";
import type { ReadRunOptions, ReplayOptions, RunOptions } from "./handles.ts";
import { readModels } from "./models.ts";
import {
  checkBoolean,
  checkOptions,
  checkText,
  isOptions,
  readDuration,
  readLimit,
  readTags,
} from "./option-checks.ts";

const longestName = 200;

/** The options of `run()`, with the timeout in milliseconds. @throws MisuseError */
export function readRunOptions(what: string, options: RunOptions): ReadRunOptions {
  checkOptions<RunOptions>(what, options, ["stack", "idempotencyKey", "tags", "timeout", "guardrails", "models"]);
  const { stack, idempotencyKey, tags, timeout, guardrails, models } = options;
  checkText(`${what}: stack`, stack, longestName);
  checkText(`${what}: idempotencyKey`, idempotencyKey, longestName);
  return {
    ...(stack === undefined ? {} : { stack }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(tags === undefined ? {} : { tags: readTags(what, tags) }),
    ...(timeout === undefined ? {} : { timeout: readLimit(`${what}: timeout`, timeout) }),
    ...(guardrails === undefined ? {} : { limits: readGuardrails(what, guardrails) }),
    models: readModels(what, models),
  };
}

/** @throws MisuseError */
export function checkReplayOptions(what: string, options: ReplayOptions): void {
  const known = ["from", "overrides", "input", "code", "reuseAnswers", "idempotencyKey"] as const;
  checkOptions<ReplayOptions>(what, options, known);
  const { from, overrides, code, reuseAnswers, idempotencyKey } = options;
  if (from !== undefined && typeof from !== "string") {
    throw new MisuseError(`${what}: from must be a checkpoint's name, selector or id; it is ${shown(from)}`);
  }
  if (overrides !== undefined && !isOptions(overrides)) {
    throw new MisuseError(
      `${what}: overrides must be an object such as { "checkpoint.draft": value }; it is ${shown(overrides)}`,
    );
  }
  if (code !== undefined && code !== "original" && code !== "current") {
    throw new MisuseError(`${what}: code must be "original" or "current"; it is ${shown(code)}`);
  }
  checkBoolean(`${what}: reuseAnswers`, reuseAnswers);
  checkText(`${what}: idempotencyKey`, idempotencyKey, longestName);
}

/** How many milliseconds `wait()` of a handle waits at most, where it says so. @throws MisuseError */
export function readWaitLimit(options: { timeout?: Duration } = {}): number | undefined {
  const what = "wait() of a handle";
  checkOptions<{ timeout?: Duration }>(what, options, ["timeout"]);
  return options.timeout === undefined ? undefined : readDuration(`${what}: timeout`, options.timeout);
}
