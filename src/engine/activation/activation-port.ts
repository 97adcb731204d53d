import type { Exceedance, GuardrailExceeded } from "../../budgets/exceeded.ts";
import type { Failure } from "../../core/statuses.ts";
import type { FlowRuntime, RunningCheckpoint } from "../../flows/runtime.ts";
import type { Execution } from "../../store/execution.ts";
import type { JournalEntry } from "../../store/journal.ts";
import type { Write } from "../committer.ts";
import type { Entries, EntriesHost } from "./entries.ts";
import type { Timers } from "./timers.ts";

/** A checkpoint's body that is running in an activation. */
export interface RunningBody {
  readonly ordinal: number;
  readonly context: RunningCheckpoint;
  /** Name of the checkpoint. */
  readonly name: string;
  /** What an attempt that was interrupted has kept for this one. */
  readonly remembered: Readonly<Record<string, unknown>>;
  /** Keeps fields for the next attempt, should this one be interrupted; they are on the disk when it resolves. */
  remember(fields: Record<string, unknown>): Promise<void>;
  /** A model, an agent or a tool begins to work for it: its own guardrails are put on the record before anything counts. */
  beginOutside(worker: "model" | "agent" | "tool"): Promise<void>;
  /** Adds to what is written with its end, should it complete. */
  atEnd(apply: () => void): void;
  abort(why: string): void;
  crash(error: unknown): void;
  describe(change: (entry: JournalEntry) => void): void;
}

/** What the calls of the primitives need of the activation that they belong to. */
export interface ActivationPort extends EntriesHost {
  readonly execution: Execution;
  readonly timers: Timers;
  readonly running: Set<RunningBody>;
  readonly entries: Entries;
  /** What the scope of the body offers to the primitives. */
  readonly runtime: FlowRuntime;
  /** Errors that the body was given, and the entries whose failure they are. */
  readonly failedEntries: WeakMap<object, number>;
  /** Whether calls of checkpoints that do not say so themselves are cached. */
  readonly cachesByDefault: boolean;
  /** Models that the flow names for its steps. */
  readonly models: Readonly<Record<string, string>>;
  /** Asks people for higher limits. */
  readonly limitAsks: {
    scopeOf(exceedance: Exceedance): string;
    asked(scope: string): Promise<void> | undefined;
    raise(exceedance: Exceedance): Promise<void>;
  };
  /** The limit of the execution's time of work, once it has been reached. */
  readonly overtime: GuardrailExceeded | undefined;
  /** False once it has ended, was suspended or lost its lease: nothing may settle any more. */
  readonly alive: boolean;
  /** Queues a write under the fence of this activation. */
  push(write: Write): void;
  /** Runs in the next group commit, whoever holds the lease. */
  commit<T>(work: () => T): Promise<T>;
  /** Asks for the settlement of an entry that is or will be recorded. */
  ask(entry: JournalEntry, settle: () => void | Promise<void>): void;
  /** The payload column for a value. @throws UnencodableValue, UserError `too_large` */
  encode(value: unknown, root: string): string;
  /** A fresh copy of what an entry recorded. */
  decode(column: string | null): unknown;
  /** The store failed outside a batch: the activation is dropped and the execution stays as it is. */
  block(error: unknown): void;
  /** Ends the body, once what it started has ended; the execution begins anew with this input, a payload column. */
  continueAsNew(input: string): void;
  /** Ends the execution with an error that nobody caught. */
  fail(error: unknown): void;
  /** The limit of its time of work was raised. */
  renewTime(): void;
  /** Ends the execution for a reason that its code cannot catch. */
  endWith(failure: Failure): void;
}
