import type { FlowRuntime, RunningCheckpoint } from "../flows/runtime.ts";
import type { EventType } from "../store/events.ts";
import type { Execution, Fence } from "../store/executions.ts";
import type { JournalEntry } from "../store/journal.ts";
import type { Write } from "./committer.ts";
import type { Delivery } from "./delivery.ts";
import type { Call, Matcher } from "./matching.ts";
import type { EngineContext } from "./ports.ts";
import type { Timers } from "./timers.ts";

/** A checkpoint's body that is running in an activation. */
export interface RunningBody {
  readonly ordinal: number;
  readonly context: RunningCheckpoint;
  abort(why: string): void;
  crash(error: unknown): void;
  describe(change: (entry: JournalEntry) => void): void;
}

/** What the calls of the primitives need of the activation that they belong to. */
export interface ActivationPort extends FlowRuntime {
  readonly context: EngineContext;
  readonly execution: Execution;
  readonly fence: Fence;
  readonly delivery: Delivery;
  readonly timers: Timers;
  readonly matcher: Matcher;
  readonly running: Set<RunningBody>;
  readonly entries: Map<number, JournalEntry>;
  /** Errors that the body was given, and the entries whose failure they are. */
  readonly failedEntries: WeakMap<object, number>;
  /** False once it has ended, was suspended or lost its lease: nothing may settle any more. */
  readonly alive: boolean;
  now(): number;
  /** Finds the call's recorded entry, or holds the call until it is clear that it has none. */
  enter(call: Call, begin: (taken: JournalEntry | undefined) => void): void;
  /** Where a pause takes effect: what would begin waits until the execution is resumed. */
  whenUnpaused(begin: () => void): void;
  newEntry(call: Call, fields: Partial<JournalEntry> & Pick<JournalEntry, "status">): JournalEntry;
  /** Queues a write under the fence of this activation. */
  push(write: Write): void;
  /** Queues a write that nobody waits for. */
  note(apply: () => void): void;
  /** Inside a write: appends to the timeline. */
  event(type: EventType, ordinal: number | null, data?: Record<string, unknown>): void;
  /** Asks for the settlement of an entry that is or will be recorded. */
  ask(entry: JournalEntry, settle: () => void | Promise<void>): void;
  /** The entry's settlement is on the record: it may be delivered in its turn. */
  settled(entry: JournalEntry): void;
  /** The payload column for a value. @throws UnencodableValue, UserError `too_large` */
  encode(value: unknown, root: string): string;
  /** A fresh copy of what an entry recorded. */
  decode(column: string | null): unknown;
  /** The store failed outside a batch: the activation is dropped and the execution stays as it is. */
  block(error: unknown): void;
}
