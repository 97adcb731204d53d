import { messageOf } from "../core/errors.ts";
import type { Failure } from "../core/statuses.ts";
import { decodeValue, encodeValue } from "../core/values.ts";
import { MisuseError } from "../flows/errors.ts";
import type { FlowDefinition } from "../flows/flow.ts";
import {
  type CheckpointCall,
  type FlowRuntime,
  type ProgressReport,
  type RunningCheckpoint,
  type SaveCall,
  scopeStorage,
  type WaitCall,
} from "../flows/runtime.ts";
import type { EventType } from "../store/events.ts";
import type { Execution, Fence } from "../store/executions.ts";
import type { JournalEntry } from "../store/journal.ts";
import type { ActivationPort, RunningBody } from "./activation-port.ts";
import { CheckpointRun } from "./calls/checkpoint-run.ts";
import { Records } from "./calls/records.ts";
import { SleepRun } from "./calls/sleep-run.ts";
import { WaitRun } from "./calls/wait-run.ts";
import { type Committer, type FencedWriter, StoreError, type Write } from "./committer.ts";
import { Console } from "./console.ts";
import { Delivery } from "./delivery.ts";
import { type Ending, endingOf, writeEnding } from "./ending.ts";
import { type Call, Matcher } from "./matching.ts";
import type { EngineContext } from "./ports.ts";
import { Timers } from "./timers.ts";

/** How an activation was over. `blocked`: the store failed, and the execution is as it was. */
export type ActivationOutcome =
  | { kind: "ended" }
  | { kind: "suspended" }
  | { kind: "lost" }
  | { kind: "stopped" }
  | { kind: "blocked"; reason: string };

/** Shorter stretches of blocking keep the body in memory. */
const hotMs = 1_000;

/**
 * One stretch in which a worker runs an execution's body. Its primitives settle only while it lives: after a
 * suspension, a lost lease or the end they never do, and the parked body is collected.
 */
export class Activation implements ActivationPort, FencedWriter, FlowRuntime {
  readonly fence: Fence;
  readonly executionId: string;
  readonly isReplay: boolean;
  readonly execution: Execution;
  readonly context: EngineContext;
  readonly delivery: Delivery;
  readonly timers: Timers;
  readonly matcher: Matcher;
  /** Errors that the body was given, and the entries whose failure they are. */
  readonly failedEntries = new WeakMap<object, number>();
  /** Checkpoint bodies that are running now. */
  readonly running = new Set<RunningBody>();
  readonly entries: Map<number, JournalEntry>;
  readonly #committer: Committer;
  readonly #definition: FlowDefinition;
  readonly #records: Records;
  readonly #console: Console;
  #parked: (() => void)[] = [];
  #foreign: JournalEntry[] = [];
  #nextOrdinal: number;
  #readPosition: number;
  #unflushed = 0;
  #pausing = false;
  #draining = false;
  #alive = true;
  #ending: Ending | undefined;
  #resolve: (outcome: ActivationOutcome) => void = () => {};
  readonly done: Promise<ActivationOutcome>;

  constructor(
    context: EngineContext,
    committer: Committer,
    claimed: { execution: Execution; fence: Fence; definition: FlowDefinition; entries: JournalEntry[] },
  ) {
    const { execution, fence, definition, entries } = claimed;
    this.context = context;
    this.#committer = committer;
    this.execution = execution;
    this.executionId = execution.id;
    this.isReplay = execution.replayedFrom !== null;
    this.fence = fence;
    this.#definition = definition;
    this.entries = new Map(entries.map((entry) => [entry.ordinal, entry]));
    this.matcher = new Matcher(entries);
    this.delivery = new Delivery({ onIdle: () => this.#onIdle() });
    this.timers = new Timers(context.clock);
    this.#records = new Records(this);
    this.#console = new Console(this);
    this.#nextOrdinal = (entries.at(-1)?.ordinal ?? 0) + 1;
    // Read after the claim: what was settled in between is among the entries.
    this.#readPosition = entries.reduce((last, { position }) => Math.max(last, position ?? 0), execution.lastPosition);
    this.#pausing = execution.pauseRequested;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#recordSettled(entries);
  }

  get alive(): boolean {
    return this.#alive && this.#ending === undefined;
  }

  now(): number {
    return this.context.clock.now();
  }

  /** Runs the body until it ends, suspends, or the lease is gone. */
  start(): void {
    const { deadlineAt } = this.execution;
    if (deadlineAt !== null) this.timers.setDeadline(deadlineAt, () => this.#end({ failure: overdue(deadlineAt) }));
    scopeStorage.run({ runtime: this, checkpoint: undefined }, () => {
      this.#runBody().then(
        (result) => this.#end({ result }),
        (error) => this.#end({ error }),
      );
    });
    this.delivery.schedule();
  }

  /** Lets what is running end, and begins nothing more. */
  drain(): void {
    this.#draining = true;
  }

  /** Leaves the execution as it is on the record, for another worker or a later time. */
  stop(): void {
    this.#dispose({ kind: "stopped" });
  }

  checkpoint(call: CheckpointCall): Promise<unknown> {
    return this.#perform((resolve, reject) => CheckpointRun.begin(this, call, resolve, reject));
  }

  wait(call: WaitCall): Promise<unknown> {
    return this.#perform((resolve, reject) => WaitRun.begin(this, call, resolve, reject));
  }

  sleep(until: { ms: number } | { at: Date }): Promise<void> {
    return this.#perform((resolve) => SleepRun.begin(this, until, resolve));
  }

  value<T>(name: "now" | "random" | "uuid", make: () => T): T {
    this.delivery.touch();
    return this.#records.value(name, name === "now" ? () => this.now() as T : make);
  }

  log(fields: Record<string, unknown>, inside: RunningCheckpoint | undefined): void {
    this.#records.log(fields, inside);
  }

  progress(report: ProgressReport, inside: RunningCheckpoint | undefined): void {
    this.#records.progress(report, inside);
  }

  save(call: SaveCall, inside: RunningCheckpoint | undefined): Promise<void> {
    return this.#perform((resolve, reject) => this.#records.save(call, inside, resolve, reject));
  }

  load(executionId: string, name: string, inside: RunningCheckpoint | undefined): Promise<unknown> {
    return this.#perform((resolve, reject) => this.#records.load(executionId, name, inside, resolve, reject));
  }

  print(level: "debug" | "info" | "warn" | "error", message: string, inside: RunningCheckpoint | undefined): void {
    if (this.#alive) this.#console.print(level, message, inside);
  }

  /** What user code threw where nobody can catch it fails the checkpoint that it belongs to, else the execution. */
  crash(error: unknown, inside: RunningCheckpoint | undefined): void {
    if (!this.alive) return;
    const run = [...this.running].find(({ context }) => context === inside);
    if (run !== undefined) return run.crash(error);
    if (inside === undefined) this.#end({ error });
    else this.print("error", `after ${inside.selector} had ended: ${messageOf(error)}`, inside);
  }

  /**
   * Finds the call's recorded entry, or holds the call until it is clear that it has none.
   * @param begin gets the entry, and whether it was taken in spite of other arguments
   */
  enter(call: Call, begin: (taken: JournalEntry | undefined) => void): void {
    const number = this.matcher.number(call);
    const match = this.matcher.match(call, number);
    if (match === "none") return this.whenUnpaused(() => begin(undefined));
    if (match !== "held") return this.#begin(match.taken, call, begin);
    this.delivery.hold(() => {
      const taken = this.matcher.takeOccurrence(call, number);
      if (taken === undefined) return this.whenUnpaused(() => begin(undefined));
      this.#begin(taken, call, begin);
    });
  }

  /** A pause takes effect here: what would begin now waits until the execution is resumed. */
  whenUnpaused(begin: () => void): void {
    if (!this.alive) return;
    if (!this.#pausing && !this.#draining) return begin();
    this.#parked.push(begin);
    this.delivery.schedule();
  }

  /** A new entry of the journal; its start is written with `start`. */
  newEntry(call: Call, fields: Partial<JournalEntry> & Pick<JournalEntry, "status">): JournalEntry {
    const entry: JournalEntry = {
      ordinal: this.#nextOrdinal++,
      kind: call.kind,
      scope: call.scope,
      name: call.name,
      occurrence: this.matcher.nextOccurrence(call),
      argumentsHash: call.argumentsHash,
      origin: null,
      type: null,
      reuse: "own",
      attempt: 1,
      afterPosition: this.delivery.frontier,
      position: null,
      dueAt: null,
      output: null,
      failure: null,
      detail: null,
      metadata: null,
      progress: null,
      startedAt: this.now(),
      endedAt: null,
      ...fields,
    };
    this.entries.set(entry.ordinal, entry);
    return entry;
  }

  /** Queues a write under the fence of this activation. */
  push(write: Write): void {
    if (!this.alive) return;
    this.#unflushed++;
    this.#committer.push(this, write);
  }

  /** Queues a write that nobody waits for. */
  note(apply: () => void): void {
    this.push({ settles: 0, apply, committed: noop });
  }

  event(type: EventType, ordinal: number | null, data?: Record<string, unknown>): void {
    this.context.store.events.append(this.fence.seq, { type, at: this.now(), ordinal, data });
  }

  /** Asks for the settlement of an entry that is or will be recorded. */
  ask(entry: JournalEntry, settle: () => void | Promise<void>): void {
    this.delivery.ask(entry.ordinal, () => {
      try {
        return settle()?.catch((error) => this.block(error));
      } catch (error) {
        // A payload that cannot be read: the store's trouble, not the author's.
        this.block(error);
      }
    });
  }

  /** The entry's settlement is on the record: it may be delivered in its turn. */
  settled(entry: JournalEntry): void {
    if (entry.position !== null) this.delivery.record(entry.position, entry.ordinal);
  }

  /** Reads what other processes settled, when told that something changed. */
  catchUp(lastPosition: number, pauseRequested: boolean): void {
    if (!this.alive) return;
    this.#setPausing(pauseRequested);
    if (lastPosition <= this.#readPosition) return;
    // Own writes in this range are still to be flushed or were read at their flush; `behind` tells them apart.
    if (this.#unflushed > 0) return;
    this.behind(lastPosition);
    this.#takeForeign();
    this.#readPosition = lastPosition;
    this.delivery.pump();
  }

  behind(upTo: number): void {
    if (upTo > this.#readPosition) {
      this.#foreign = this.context.store.journal.settledBetween(this.fence.seq, this.#readPosition, upTo);
    }
  }

  flushed(state: { lastPosition: number; pauseRequested: boolean }): void {
    this.#unflushed = 0;
    this.#readPosition = state.lastPosition;
    this.#setPausing(state.pauseRequested);
    this.#takeForeign();
  }

  acknowledged(): void {
    this.delivery.pump();
  }

  refused(): void {
    this.#dispose({ kind: "lost" });
  }

  failed(error: StoreError): void {
    this.#dispose({ kind: "blocked", reason: error.reason });
  }

  block(error: unknown): void {
    this.failed(new StoreError(error));
  }

  /** The payload column for a value. @throws UnencodableValue, UserError `too_large` */
  encode(value: unknown, root: string): string {
    return this.context.store.payloads.store(encodeValue(value, root));
  }

  /** A fresh copy of what an entry recorded. */
  decode(column: string | null): unknown {
    return column === null ? undefined : decodeValue(this.context.store.payloads.read(column));
  }

  #perform<T>(begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
    if (!this.alive) return new Promise<T>(noop);
    this.delivery.touch();
    const promise = new Promise<T>(begin);
    // A failure that the body looks at later is no unhandled rejection.
    promise.catch(noop);
    return promise;
  }

  #begin(taken: JournalEntry, call: Call, begin: (taken: JournalEntry) => void): void {
    const changed = taken.argumentsHash !== call.argumentsHash;
    if (taken.reuse === "candidate") this.#adopt(taken, call);
    else if (changed) this.note(() => this.event("input_changed", taken.ordinal));
    begin(taken);
  }

  /** An entry of the replay's source becomes one of this execution when a call takes it. */
  #adopt(entry: JournalEntry, call: Call): void {
    entry.reuse = "own";
    entry.argumentsHash = call.argumentsHash;
    entry.afterPosition = this.delivery.frontier;
    if (entry.origin !== "overridden") entry.origin = "replayed";
    const type = entry.origin === "overridden" ? "checkpoint_overridden" : "checkpoint_replayed";
    this.note(() => {
      this.context.store.journal.update(this.fence.seq, entry);
      if (entry.kind === "checkpoint") this.event(type, entry.ordinal);
    });
  }

  #setPausing(pausing: boolean): void {
    this.#pausing = pausing;
    if (pausing) return this.delivery.schedule();
    if (this.#draining) return;
    const parked = this.#parked;
    this.#parked = [];
    for (const begin of parked) begin();
  }

  async #runBody(): Promise<unknown> {
    const value = this.#readInput();
    if (!this.alive) return;
    return this.#definition.fn((await this.#parseInput(value)) as never);
  }

  #readInput(): unknown {
    try {
      return this.decode(this.execution.input);
    } catch (error) {
      this.block(error);
    }
  }

  async #parseInput(value: unknown): Promise<unknown> {
    const schema = this.#definition.input();
    if (schema === null) return value;
    try {
      return await schema.parse(value);
    } catch (error) {
      throw new MisuseError(`the input does not fit: ${messageOf(error)}`);
    }
  }

  /** Nothing is left to deliver and the body is quiet. */
  #onIdle(): void {
    if (!this.alive || this.#unflushed > 0 || this.running.size > 0) return;
    if (this.#pausing) return this.#suspend("paused", null);
    if (this.timers.size === 0) return;
    const wakeAt = this.timers.earliest();
    if (wakeAt !== null && wakeAt - this.now() <= hotMs) return;
    this.#suspend("waiting", wakeAt);
  }

  /** One conditional write: refused when anything settled that this activation has not read. */
  #suspend(status: "waiting" | "paused", wakeAt: number | null): void {
    let suspended = false;
    this.push({
      settles: 0,
      apply: () => {
        if (!this.delivery.isQuiet() || this.#foreign.length > 0) return;
        const readPosition = this.#readPosition;
        suspended = this.context.store.executions.suspend(this.fence, { status, wakeAt, readPosition });
        if (suspended) this.event(status === "paused" ? "execution_paused" : "execution_suspended", null);
      },
      committed: () => {
        if (suspended) this.#dispose({ kind: "suspended" });
        else this.delivery.schedule();
      },
    });
  }

  #end(how: { result: unknown } | { error: unknown } | { failure: Failure }): void {
    if (!this.alive) return;
    let ending: Ending;
    try {
      ending = endingOf(this, how);
    } catch (error) {
      return this.block(error);
    }
    this.delivery.stop();
    this.timers.stop();
    this.#parked = [];
    this.#committer.push(this, {
      settles: 0,
      apply: () => writeEnding(this, this.#definition, ending),
      committed: () => this.#dispose({ kind: "ended" }),
    });
    this.#ending = ending;
    this.#abortRunning("the execution has ended");
  }

  #takeForeign(): void {
    for (const entry of this.#foreign) {
      const known = this.entries.get(entry.ordinal);
      if (known === undefined) this.entries.set(entry.ordinal, entry);
      else Object.assign(known, entry);
      this.settled(entry);
    }
    this.#foreign = [];
  }

  #recordSettled(entries: readonly JournalEntry[]): void {
    const settled = entries.filter(({ position }) => position !== null);
    settled.sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
    for (const entry of settled) this.settled(entry);
  }

  #abortRunning(why: string): void {
    for (const run of this.running) run.abort(why);
    this.running.clear();
  }

  #dispose(outcome: ActivationOutcome): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.delivery.stop();
    this.timers.stop();
    this.#parked = [];
    this.#abortRunning(
      outcome.kind === "lost" ? "the execution was cancelled or taken over" : "the execution has stopped",
    );
    this.#resolve(outcome);
  }
}

function overdue(deadlineAt: number): Failure {
  return {
    code: "timeout",
    message: `the execution did not end before its deadline, ${new Date(deadlineAt).toISOString()}`,
    origin: "timeout",
    hint: "Retry it with executions_retry: what had completed is kept, and the deadline is counted anew.",
  };
}

function noop(): void {}
