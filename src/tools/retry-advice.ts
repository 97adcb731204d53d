import type { App } from "../app.ts";
import { isDeath } from "../core/deaths.ts";
import type { Execution } from "./app-types.ts";

export type FailedExecution = Extract<Execution, { status: "failed" }>;

/** Failures of the code or of its values: what was recorded, given to the same code, fails the same way. */
const repeating = new Set(["misuse", "invalid_output", "too_large", "invalid_input"]);

/** The engine's rule (reopening.ts): what failed is tried again; what ran out of time or lost its process goes on. */
export function canRetry(failure: FailedExecution["failure"]): boolean {
  return (
    (failure.retriable?.length ?? 0) > 0 ||
    failure.origin === "timeout" ||
    failure.origin === "guardrail" ||
    isDeath(failure)
  );
}

/** Whether all that a retry would try again can only fail again. */
export function retryRepeats({ store }: App, { seq, failure }: FailedExecution): boolean {
  const failed = (failure.retriable ?? []).map((ordinal) => store.journal.find(seq, ordinal)?.failure?.code);
  return failed.length > 0 && failed.every((code) => code !== undefined && repeating.has(code));
}
