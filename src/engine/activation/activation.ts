import type { GuardrailExceeded } from "../../budgets/exceeded.ts";
import type { Failure } from "../../core/statuses.ts";
import { decodeValue, encodeValue } from "../../core/values.ts";
import type { FlowDefinition } from "../../flows/flow.ts";
import { scopeStorage } from "../../flows/runtime.ts";
import { wholeExecution } from "../../store/budgets.ts";
import type { EventType } from "../../store/events.ts";
import type { Execution, Fence } from "../../store/execution.ts";
import type { JournalEntry } from "../../store/journal.ts";
import { LimitAsks } from "../calls/limit-asks.ts";
import { type Committer, type FencedWriter, StoreError, type Write } from "../committer.ts";
import type { EngineContext } from "../ports.ts";
import type { ActivationPort, RunningBody } from "./activation-port.ts";
import { runBody } from "./body.ts";
import { Delivery } from "./delivery.ts";
import { type Ending, endingOf, writeEnding } from "./ending.ts";
import { Entries } from "./entries.ts";
import { failureOf } from "./failures.ts";
import { Primitives } from "./primitives.ts";
import { Timers } from "./timers.ts";
import { WorkTime } from "./work-time.ts";

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
export class Activation implements ActivationPort, FencedWriter {
  readonly fence: Fence;
  readonly execution: Execution;
  readonly context: EngineContext;
  readonly delivery: Delivery;
  readonly timers: Timers;
  readonly entries: Entries;
  readonly runtime: Primitives;
  readonly limitAsks: LimitAsks;
  /** Errors that the body was given, and the entries whose failure they are. */
  readonly failedEntries = new WeakMap<object, number>();
  /** Checkpoint bodies that are running now. */
  readonly running = new Set<RunningBody>();
  readonly #committer: Committer;
  readonly #definition: FlowDefinition;
  readonly #recordsStarts: boolean;
  #time: WorkTime | undefined;
  #parked: (() => void)[] = [];
  #foreign: JournalEntry[] = [];
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
    claimed: {
      execution: Execution;
      fence: Fence;
      definition: FlowDefinition;
      entries: JournalEntry[];
      /** Whether what begins is on the record before it begins, so that a crash can be put down to it. */
      recordsStarts?: boolean;
    },
  ) {
    const { execution, fence, definition, entries, recordsStarts = false } = claimed;
    this.context = context;
    this.#committer = committer;
    this.execution = execution;
    this.fence = fence;
    this.#definition = definition;
    this.#recordsStarts = recordsStarts;
    this.delivery = new Delivery({ onIdle: () => this.#onIdle() });
    this.timers = new Timers(context.clock);
    this.entries = new Entries(this, entries, execution.lastOrdinal);
    this.runtime = new Primitives(this);
    this.limitAsks = new LimitAsks(this);
    // Read after the claim: what was settled in between is among the entries.
    this.#readPosition = entries.reduce((last, { position }) => Math.max(last, position ?? 0), execution.lastPosition);
    this.#pausing = execution.pauseRequested;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.entries.announceSettled();
  }

  get alive(): boolean {
    return this.#alive && this.#ending === undefined;
  }

  get cachesByDefault(): boolean {
    return this.#definition.cache;
  }

  get models(): Readonly<Record<string, string>> {
    return this.#definition.models;
  }

  get overtime(): GuardrailExceeded | undefined {
    return this.#time?.over;
  }

  renewTime(): void {
    this.#time?.renew();
  }

  now(): number {
    return this.context.clock.now();
  }

  /** Runs the body until it ends, suspends, or the lease is gone. */
  start(): void {
    const { deadlineAt } = this.execution;
    // A body that blocked its worker until past the deadline must not get the chance to do it again.
    if (deadlineAt !== null && deadlineAt <= this.now()) return this.#end({ failure: overdue(deadlineAt) });
    if (deadlineAt !== null) this.timers.setDeadline(deadlineAt, () => this.#end({ failure: overdue(deadlineAt) }));
    this.limitAsks.resume(this.entries.all());
    const place = { seq: this.fence.seq, ordinal: wholeExecution, whose: "the execution" };
    this.#time = WorkTime.begin(this, place, undefined, (error) => this.#timeIsOver(error));
    scopeStorage.run({ runtime: this.runtime, checkpoint: undefined, path: "" }, () => {
      runBody(this, this.#definition).then(
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

  /** Ends the execution with what nobody caught. */
  fail(error: unknown): void {
    this.#end({ error });
  }

  /** Ends the execution for a reason that its code cannot catch. */
  endWith(failure: Failure): void {
    const { checkpoint } = failure;
    const step = checkpoint === undefined ? undefined : this.#definition.stepAt?.(checkpoint);
    this.#end({ failure: step === undefined ? failure : { ...failure, step } });
  }

  commit<T>(work: () => T): Promise<T> {
    return this.#committer.run(work);
  }

  /** Ends the body, once what it started has ended, and lets the execution begin anew. */
  continueAsNew(input: string): void {
    this.runtime.submitted.finish().then(
      () => this.#end({ input }),
      (error) => this.#end({ error }),
    );
  }

  /** A pause takes effect here: what would begin now waits until the execution is resumed. */
  whenUnpaused(begin: () => void): void {
    if (!this.#recordsStarts || this.#unflushed === 0) return this.#beginUnlessPaused(begin);
    this.push({ settles: 0, apply: noop, committed: () => this.#beginUnlessPaused(begin) });
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

  #beginUnlessPaused(begin: () => void): void {
    if (!this.alive) return;
    if (!this.#pausing && !this.#draining) return begin();
    this.#parked.push(begin);
    this.delivery.schedule();
  }

  #setPausing(pausing: boolean): void {
    this.#pausing = pausing;
    if (pausing) return this.delivery.schedule();
    if (this.#draining) return;
    const parked = this.#parked;
    this.#parked = [];
    for (const begin of parked) begin();
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
        // The body may have ended since, in time for this very batch.
        if (this.#ending !== undefined || !this.delivery.isQuiet() || this.#foreign.length > 0) return;
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

  #end(how: Parameters<typeof endingOf>[1]): void {
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

  /** What runs is told so, and asks or fails; where nothing runs, what begins next is. */
  #timeIsOver(error: GuardrailExceeded): void {
    const { onExceed } = error.exceedance;
    if (this.running.size > 0) for (const run of [...this.running]) run.crash(error);
    else if (onExceed === "fail") this.endWith(failureOf(error, this.context.store.protection));
  }

  #takeForeign(): void {
    const foreign = this.#foreign;
    this.#foreign = [];
    this.entries.merge(foreign);
  }

  #abortRunning(why: string): void {
    for (const run of this.running) run.abort(why);
    this.running.clear();
  }

  #dispose(outcome: ActivationOutcome): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#time?.end();
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
