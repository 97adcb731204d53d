import type { Step } from "../definitions/model/steps.ts";
import type { Scope } from "../definitions/values/scope.ts";
import type { CheckpointOptions } from "../flows/options.ts";
import type { RunSettings } from "../flows/runtime.ts";
import type { StepFunctions, StepPorts } from "./ports.ts";
import type { ListEnd, ListOptions, Walk } from "./walk.ts";

/** What a step came to. */
export interface StepOutcome {
  output: unknown;
  /** The step of the same list with which the work goes on; undefined: what the step says for all cases. */
  jump?: string | undefined;
  /** It was not taken after all. */
  isSkipped?: boolean;
  /** The kind has saved the step's artifact itself. */
  hasSavedArtifact?: boolean;
}

/**
 * How steps of one kind run: in the flow body, so what it does outside of `checkpoint` happens again at every wake.
 * @throws whatever makes the step fail; within a checkpoint preferably StepFailed, with a code
 */
export type StepKind<S extends Step> = (run: StepRun<S>) => Promise<StepOutcome>;

/** The step that is running, and what it may do. */
export interface StepRun<S extends Step = Step> {
  readonly step: S;
  readonly ports: StepPorts;
  readonly functions: StepFunctions;
  readonly settings: RunSettings;
  /** What references see. */
  readonly scope: Scope;
  /** Fills in the values of a field; secrets are placeholders. @throws MissingValueError */
  value(field: unknown): unknown;
  /** The same for a field that is a text whatever it refers to. */
  text(field: string): string;
  /** Both with the real secrets, for the body of a checkpoint. */
  withSecrets(...fields: unknown[]): Promise<Pick<StepRun, "value" | "text">>;
  /**
   * Runs `body` as the step's checkpoint: recorded, and tried again, timed and limited as the step says.
   * @param args what the result depends on, without secrets: by it a recorded result is recognised
   */
  checkpoint<T>(args: unknown[], body: () => T | Promise<T>, options?: StepCheckpoint): Promise<T>;
  /** Retries, timeout and guardrails of the step, for flows' primitives that are checkpoints themselves. */
  readonly attempts: StepAttempts;
  /** Runs steps within the step. */
  runList(walk: Walk, options?: ListOptions): Promise<ListEnd>;
  /** Awaits what may take for ever, a person or a child: no longer than the steps beside this one go on. */
  parked<T>(work: Promise<T>): Promise<T>;
  /** The list of steps in which they see what this step sees. */
  walk(steps: readonly Step[], locals?: Record<string, unknown>): Walk;
}

export interface StepCheckpoint extends Pick<CheckpointOptions, "type" | "retries"> {
  /** Default: the step's id. */
  name?: string;
}

export type StepAttempts = Pick<CheckpointOptions, "retries" | "timeout" | "guardrails">;
