import type { Duration } from "../core/durations.ts";

export interface RetryOptions {
  /** Further attempts after the first. */
  max: number;
  /** Pause before the second attempt, doubled for each one after; milliseconds or "2s". Default 1 s. */
  backoff?: Duration;
  /** Longest pause. Default 1 min. */
  maxDelay?: Duration;
  /** Says whether an error is worth another attempt. Default: every one is. */
  retryOn?: (error: unknown) => boolean;
}

export interface CheckpointOptions {
  /** Further attempts, or how they are made. Default 0. */
  retries?: number | RetryOptions;
  /** Limit for one attempt, in milliseconds or as "30s": its signal fires and the attempt fails. */
  timeout?: Duration;
  /** What kind of work it is: `llm_call`, `tool_call` or a label of your own. */
  type?: string;
}

export const artifactKinds = ["prompt", "response", "context", "input", "output", "blob"] as const;
export type ArtifactKind = (typeof artifactKinds)[number];

export interface SaveOptions {
  /** Default `output`. */
  kind?: ArtifactKind;
  tags?: string[];
}
