import type { Duration } from "../core/durations.ts";
import { MisuseError } from "./errors.ts";
import type { Guardrails } from "./guardrails.ts";

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
  /**
   * Whether a call takes the output of an earlier one, in whatever execution, that had the same code and arguments.
   * Default: what its flow says.
   */
  cache?: boolean;
  /** What kind of work it is: `llm_call`, `tool_call` or a label of your own. */
  type?: string;
  /** What models and agents may use in it. */
  guardrails?: Guardrails;
}

export const artifactKinds = ["prompt", "response", "context", "input", "output", "blob"] as const;
export type ArtifactKind = (typeof artifactKinds)[number];

export interface SaveOptions {
  /** Default `output`. */
  kind?: ArtifactKind;
  tags?: string[];
}

/** @throws MisuseError when it is given and neither true nor false */
export function checkCache(what: string, cache: unknown): void {
  if (cache === undefined || typeof cache === "boolean") return;
  throw new MisuseError(
    `${what}: cache must be true or false; what makes an output too old, a date for example, is passed as an argument`,
  );
}
