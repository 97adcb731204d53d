import type { Step } from "../definitions/model/steps.ts";
import type { Scope, StepRecord } from "../definitions/values/scope.ts";
import type { RunSettings } from "../flows/runtime.ts";
import type { Halt } from "./halt.ts";
import type { StepFunctions, StepPorts } from "./ports.ts";

/** What all steps of an execution share. */
export interface RunContext {
  readonly ports: StepPorts;
  readonly functions: StepFunctions;
  readonly settings: RunSettings;
  /** For steps that have no limit of their own, in milliseconds. */
  readonly timeoutMs: number | undefined;
  /** Runs a list of steps within one. */
  runList(walk: Walk, options?: ListOptions): Promise<ListEnd>;
}

export interface ListOptions {
  /** Whether its steps run at the same time although none says what it depends on. */
  isParallel?: boolean;
  /** How many run at a time. */
  concurrency?: number | undefined;
  /** Whether a step that fails keeps none of the others from beginning, and does not fail the list. */
  keepsGoing?: boolean;
}

/** A list of steps that is being run, and what its steps know. */
export interface Walk {
  readonly context: RunContext;
  readonly steps: readonly Step[];
  /** Of the steps that run beside these. */
  readonly halt?: Halt | undefined;
  /** Grows with every step that ends; lists within the same pass share the records. */
  readonly scope: Scope & { readonly steps: Record<string, StepRecord> };
}

/** How a list of steps ended. */
export interface ListEnd {
  /** What the step came to that ran last; null where none did. */
  last: unknown;
}
