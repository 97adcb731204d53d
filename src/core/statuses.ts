export const executionStatuses = [
  "queued",
  "running",
  "waiting",
  "paused",
  "completed",
  "failed",
  "cancelled",
] as const;
export type ExecutionStatus = (typeof executionStatuses)[number];

export const terminalStatuses = ["completed", "failed", "cancelled"] as const;
export type TerminalStatus = (typeof terminalStatuses)[number];

export function isTerminal(status: ExecutionStatus): status is TerminalStatus {
  return status === "completed" || status === "failed" || status === "cancelled";
}

/** Where a failure came from. */
export const failureOrigins = ["user_code", "engine", "timeout", "guardrail", "wait", "cancelled", "diverged"] as const;
export type FailureOrigin = (typeof failureOrigins)[number];

/** How an execution or a checkpoint failed, as it is stored and shown. */
export interface Failure {
  code: string;
  message: string;
  origin: FailureOrigin;
  /** Selector of the checkpoint or wait that failed. */
  checkpoint?: string | undefined;
  /** The step of a definition that failed. */
  step?: string | undefined;
  /** Name of the thrown error's class. */
  name?: string | undefined;
  /** Stack, mapped to the author's source lines. */
  stack?: string | undefined;
  hint?: string | undefined;
  /** The limit that was reached, where that ended it. */
  guardrail?: { limit: string; allowed: number; used: number } | undefined;
}
