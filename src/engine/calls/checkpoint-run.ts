import type { GuardrailExceeded } from "../../budgets/exceeded.ts";
import { messageOf } from "../../core/errors.ts";
import type { Failure } from "../../core/statuses.ts";
import { decodeValue } from "../../core/values.ts";
import { AttemptTimedOut, MisuseError } from "../../flows/errors.ts";
import { type CheckpointCall, type RunningCheckpoint, scopeStorage } from "../../flows/runtime.ts";
import type { JournalEntry } from "../../store/journal.ts";
import type { ActivationPort, RunningBody } from "../activation/activation-port.ts";
import { failureOf, isStoreTrouble } from "../activation/failures.ts";
import { type AttemptPolicy, nextAttemptAt } from "../activation/retry-policy.ts";
import { cancelStartedBy } from "../family.ts";
import {
  deliver,
  exceededIn,
  type PreparedCall,
  prepare,
  type Reject,
  type Resolve,
  selectorOf,
} from "./checkpoint-call.ts";
import { overrideOf, settleWith } from "./given-output.ts";
import type { OutputCache } from "./output-cache.ts";
import { type AfterLimit, type Asking, StepLimits } from "./step-limits.ts";

/** One call of a checkpoint in an activation: taken from the record, or run in as many attempts as its policy allows. */
export class CheckpointRun implements RunningBody {
  readonly #activation: ActivationPort;
  readonly #call: CheckpointCall;
  readonly #policy: AttemptPolicy;
  readonly #encodedArguments: string;
  readonly #cache: OutputCache | undefined;
  readonly #entry: JournalEntry;
  readonly #selector: string;
  readonly #limits: StepLimits;
  /** Whether the start of the entry is in the database: an end that comes first is written as one row. */
  #stored: boolean;
  #dirty = false;
  #ended = false;
  /** Whether an agent works in it, whose executions end with its attempt. */
  #startsChildren = false;
  /** What this attempt adds to the end. */
  #atEnd: (() => void)[] = [];
  #controller = new AbortController();
  #disarm: (() => void) | undefined;
  context: RunningCheckpoint;

  /** Matches the call with the record, then delivers what is recorded or runs it. */
  static begin(activation: ActivationPort, call: CheckpointCall, resolve: Resolve, reject: Reject): void {
    let prepared: PreparedCall;
    try {
      prepared = prepare(activation, call);
    } catch (error) {
      return reject(
        error instanceof MisuseError ? error : new MisuseError(`checkpoint ${call.name}: ${messageOf(error)}`),
      );
    }
    const { identity, cache } = prepared;
    activation.entries.enter(identity, (taken) => {
      const type = call.options.type ?? null;
      const given = taken === undefined ? (overrideOf(activation, call.name) ?? cache?.take()) : undefined;
      if (given !== undefined) return settleWith(activation, { identity, type, given }, resolve);
      const entry = taken ?? activation.entries.create(identity, { status: "running", type });
      activation.ask(entry, () => deliver(activation, entry, resolve, reject));
      if (entry.position !== null) return;
      const run = new CheckpointRun(activation, prepared, entry, taken !== undefined);
      if (taken === undefined) run.#writeStart();
      activation.whenUnpaused(() => run.#resume(taken !== undefined));
    });
  }

  private constructor(
    activation: ActivationPort,
    { call, policy, encodedArguments, cache }: PreparedCall,
    entry: JournalEntry,
    stored: boolean,
  ) {
    this.#activation = activation;
    this.#call = call;
    this.#policy = policy;
    this.#encodedArguments = encodedArguments;
    this.#cache = cache;
    this.#entry = entry;
    this.#stored = stored;
    this.#selector = selectorOf(entry);
    this.#limits = new StepLimits(activation, entry.ordinal, this.#selector, policy.limits);
    this.context = this.#newContext();
  }

  /** Ends the attempt's signal; what it still returns is dropped. */
  abort(why: string): void {
    this.#ended = true;
    this.#disarm?.();
    this.#limits.end();
    this.#controller.abort(new Error(why));
  }

  atEnd(apply: () => void): void {
    this.#atEnd.push(apply);
  }

  /** The body threw where its promise could not carry it. */
  crash(error: unknown): void {
    this.#attemptFailed(error, this.#controller);
  }

  /** Adds to what the entry tells of itself, now or with its end. */
  describe(change: (entry: JournalEntry) => void): void {
    if (this.#ended) return;
    change(this.#entry);
    if (!this.#stored || this.#dirty) return;
    this.#dirty = true;
    this.#activation.note(() => {
      this.#dirty = false;
      if (!this.#ended) this.#activation.context.store.journal.update(this.#activation.fence.seq, this.#entry);
    });
  }

  get ordinal(): number {
    return this.#entry.ordinal;
  }

  get name(): string {
    return this.#entry.name;
  }

  get remembered(): Readonly<Record<string, unknown>> {
    return (this.#entry.detail?.["remembered"] as Record<string, unknown> | undefined) ?? {};
  }

  remember(fields: Record<string, unknown>): Promise<void> {
    this.#entry.detail = { ...this.#entry.detail, remembered: { ...this.remembered, ...fields } };
    return new Promise((resolve) => {
      this.#activation.push({ settles: 0, apply: () => this.#put(), committed: resolve });
    });
  }

  beginOutside(worker: "model" | "agent" | "tool"): Promise<void> {
    if (worker === "agent") this.#startsChildren = true;
    return this.#limits.record();
  }

  /** Goes on where the record stands: a first attempt, one that was interrupted, or the pause before the next. */
  #resume(recorded: boolean): void {
    const { dueAt, attempt } = this.#entry;
    if (dueAt !== null && dueAt > this.#activation.now()) return this.#pauseUntil(dueAt);
    const asking = this.#entry.detail?.["asking"] as Asking | undefined;
    if (asking !== undefined && this.#limits.resume(asking, this.#afterLimit())) return;
    if (recorded && dueAt === null) {
      this.#activation.note(() => this.#activation.event("checkpoint_restarted", this.#entry.ordinal, { attempt }));
    }
    this.#attempt();
  }

  #attempt(): void {
    if (!this.#activation.alive) return;
    this.#entry.dueAt = null;
    this.#entry.failure = null;
    this.#atEnd = [];
    const controller = this.#controller;
    this.#activation.running.add(this);
    const { overtime } = this.#activation;
    if (overtime !== undefined) return this.#attemptFailed(overtime, controller);
    this.#armTimeout(controller);
    this.#limits.begin((error) => this.#attemptFailed(error, controller));
    const scope = { runtime: this.#activation.runtime, checkpoint: this.context, path: this.#entry.scope };
    scopeStorage
      .run(scope, async () => this.#call.fn(...(decodeValue(this.#encodedArguments) as never[])))
      .then(
        (value) => this.#attemptCompleted(value, controller),
        (error) => this.#attemptFailed(error, controller),
      );
  }

  #armTimeout(controller: AbortController): void {
    const { timeoutMs } = this.#policy;
    if (timeoutMs === null) return;
    this.#disarm = this.#activation.context.clock.at(this.#activation.now() + timeoutMs, () => {
      const error = new AttemptTimedOut(`checkpoint ${this.#selector} ran longer than ${timeoutMs} ms`);
      controller.abort(error);
      this.#attemptFailed(error, controller);
    });
  }

  #attemptCompleted(value: unknown, controller: AbortController): void {
    if (this.#isOver(controller)) return;
    let output: string;
    try {
      output = this.#activation.encode(value, "output");
    } catch (error) {
      if (isStoreTrouble(error)) return this.#activation.block(error);
      return this.#attemptFailed(error, controller);
    }
    this.#close();
    this.#entry.status = "completed";
    this.#entry.origin = "executed";
    this.#entry.output = output;
    this.#writeEnd("checkpoint_completed");
  }

  #attemptFailed(error: unknown, controller: AbortController): void {
    if (this.#isOver(controller)) return;
    const failure = failureOf(error, this.#activation.context.store.protection);
    const exceeded = exceededIn(error);
    if (exceeded !== undefined) return this.#limitReached(exceeded, failure);
    const nextAt = this.#nextAttemptAt(error);
    this.#close();
    // What is tried again after a failure begins anew; what met a limit goes on.
    this.#entry.detail = null;
    if (nextAt === undefined) this.#fail(failure);
    else this.#scheduleNext(failure, nextAt);
  }

  #fail(failure: Failure, after: () => void = () => {}): void {
    this.#entry.status = "failed";
    this.#entry.failure = failure;
    this.#writeEnd("checkpoint_failed", after);
  }

  /** The attempt is over. A person may raise the limit; else it fails, and the execution with it where it is its own. */
  #limitReached(error: GuardrailExceeded, failure: Failure): void {
    this.#controller.abort(error);
    this.#close();
    this.#controller = new AbortController();
    this.context = this.#newContext();
    this.#limits.reached(error, failure, this.#afterLimit());
  }

  #afterLimit(): AfterLimit {
    return {
      asks: (asking) => {
        this.#entry.detail = { ...this.#entry.detail, asking };
        this.#activation.note(() => this.#put());
      },
      again: () => {
        const { asking: _, ...detail } = this.#entry.detail ?? {};
        this.#entry.detail = Object.keys(detail).length === 0 ? null : detail;
        this.#activation.whenUnpaused(() => this.#attempt());
      },
      fail: (failure, after) => {
        if (this.#activation.alive && !this.#ended) this.#fail(failure, after);
      },
    };
  }

  /** A policy that itself throws does not get another attempt. */
  #nextAttemptAt(error: unknown): number | undefined {
    try {
      return nextAttemptAt(this.#policy, this.#entry.attempt, error, this.#activation.now());
    } catch {
      return undefined;
    }
  }

  /** The pause before the next attempt is on the record, so a crash neither shortens it nor counts as an attempt. */
  #scheduleNext(failure: Failure, nextAt: number): void {
    const { attempt, ordinal } = this.#entry;
    this.#entry.attempt = attempt + 1;
    this.#entry.dueAt = nextAt;
    // Shown with the pause; what the next attempt comes to stands in its place.
    this.#entry.failure = failure;
    this.#controller = new AbortController();
    this.context = this.#newContext();
    this.#activation.push({
      settles: 0,
      apply: () => {
        this.#put();
        this.#cancelStarted();
        const { code, message } = failure;
        this.#activation.event("checkpoint_attempt_failed", ordinal, { attempt, code, message, next_at: nextAt });
      },
      committed: () => this.#pauseUntil(nextAt),
    });
  }

  #pauseUntil(at: number): void {
    const { timers } = this.#activation;
    timers.block(this.#entry.ordinal, at, () => {
      timers.unblock(this.#entry.ordinal);
      this.#activation.whenUnpaused(() => this.#attempt());
    });
    this.#activation.delivery.schedule();
  }

  /** Rides the next batch unawaited; when the end comes before that, the end writes the whole row. */
  #writeStart(): void {
    this.#activation.note(() => {
      if (this.#ended || this.#stored) return;
      this.#put();
      this.#activation.event("checkpoint_started", this.#entry.ordinal);
    });
  }

  #writeEnd(event: "checkpoint_completed" | "checkpoint_failed", after: () => void = () => {}): void {
    const entry = this.#entry;
    this.#ended = true;
    entry.dueAt = null;
    entry.endedAt = this.#activation.now();
    this.#activation.push({
      settles: 1,
      apply: (position) => {
        entry.position = position;
        this.#put();
        this.#activation.event(event, entry.ordinal);
        if (event === "checkpoint_failed") this.#cancelStarted();
        else for (const apply of this.#atEnd) apply();
        this.#cache?.fill(entry);
      },
      committed: () => {
        this.#activation.entries.settled(entry);
        after();
      },
    });
  }

  /** Inside the transaction: what an agent had started goes with its attempt. */
  #cancelStarted(): void {
    if (!this.#startsChildren) return;
    const place = { seq: this.#activation.fence.seq, ordinal: this.#entry.ordinal };
    cancelStartedBy(this.#activation.context.store, place, this.#activation.now());
  }

  #put(): void {
    const { journal } = this.#activation.context.store;
    const { seq } = this.#activation.fence;
    // A batch that was rolled back may have taken the row that this run believes to be stored.
    if (!this.#stored || !journal.update(seq, this.#entry)) journal.insert(seq, this.#entry);
    this.#stored = true;
  }

  #isOver(controller: AbortController): boolean {
    return this.#ended || this.#controller !== controller || !this.#activation.alive;
  }

  #close(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    this.#limits.end();
    this.#activation.running.delete(this);
  }

  #newContext(): RunningCheckpoint {
    const { scope, name, occurrence, attempt } = this.#entry;
    const { id, continuation } = this.#activation.execution;
    // A continuation counts its calls anew, and they are other calls.
    const run = continuation === 0 ? id : `${id}+${continuation}`;
    return {
      selector: this.#selector,
      attempt,
      idempotencyKey: `${run}:${scope}:${name}:${occurrence}`,
      signal: this.#controller.signal,
    };
  }
}
