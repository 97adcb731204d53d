import type { Program } from "../../processes/group.ts";
import type { Execution, Fence } from "../../store/execution.ts";
import type { Committer } from "../committer.ts";
import type { EngineContext } from "../ports.ts";

/** What the runs of a worker share. */
export interface RunHost {
  readonly context: EngineContext;
  readonly committer: Committer;
  /** The worker that holds the leases. */
  readonly owner: string;
  /** Absent where every execution runs in this process. */
  readonly isolation: Isolation | undefined;
  /** Whether this process is there for one execution, and may die of it. */
  readonly isSole: boolean;
  readonly onProblem: (message: string, cause?: unknown) => void;
}

/** Why an execution runs in a process of its own. */
export type IsolationReason = "asked" | "crashes";

/** How a worker runs executions in processes of their own. */
export interface Isolation {
  /** Undefined where the execution may run in the worker's process. */
  reasonFor(execution: Execution): IsolationReason | undefined;
  /** How often its flow retries the whole execution. */
  retriesOf(execution: Execution): number;
  /** What runs one activation of an execution under the fence that this worker took. */
  program(executionId: string, fence: Fence): Program;
}

/** What is to be done once a run is over. */
export type RunOutcome =
  /** Nothing: the record says how it came out. */
  | { kind: "over" }
  /** It is as it was, and must be given back. */
  | { kind: "stopped" }
  | { kind: "blocked"; reason: string };
