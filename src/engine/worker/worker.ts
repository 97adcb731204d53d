import { messageOf } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { type Committer, StoreError } from "../committer.ts";
import type { EngineContext } from "../ports.ts";
import type { Changes, Pace } from "./changes.ts";
import { ClaimedRun } from "./claimed-run.ts";
import { type Claimant, type Claimed, Claiming } from "./claiming.ts";
import { drainRuns } from "./draining.ts";
import { endLeftovers, type Leftover } from "./leftovers.ts";
import { Releases } from "./releases.ts";
import type { Isolation, RunHost, RunOutcome } from "./run.ts";

export interface WorkerOptions {
  /** Executions that run at the same time. */
  concurrency: number;
  /** Default: a new one. */
  id?: string;
  /** How long others leave an execution to this worker after its last sign of life. Default 15 s. */
  leaseMs?: number;
  /** Keeps the leases while user code blocks this thread; default: renewed by a timer of this thread. */
  renewer?: (owner: string, leaseMs: number) => { stop(): Promise<void> };
  /** How executions run in processes of their own; default: all run in this one. */
  isolation?: Isolation;
  /** Told what goes wrong beside the executions themselves. */
  onProblem?: (message: string, cause?: unknown) => void;
}

const defaultLeaseMs = 15_000;
/** How long running checkpoints may take to end when the worker stops. */
const drainMs = 5_000;

/** Claims executions that are due and holds each until it has ended, sleeps, or is given back. */
export class Worker implements Claimant {
  readonly id: string;
  readonly #context: EngineContext;
  readonly #committer: Committer;
  readonly #changes: Changes;
  readonly #options: WorkerOptions;
  readonly leaseMs: number;
  readonly concurrency: number;
  readonly #host: RunHost;
  readonly #claiming: Claiming;
  readonly #releases: Releases;
  /** Claimed and not yet given back, those that are still being loaded included. */
  readonly #held = new Map<ClaimedRun, Promise<void>>();
  #subscription: ReturnType<Changes["subscribe"]> | undefined;
  #renewal: { stop(): Promise<void> } | undefined;
  #stopListening: (() => void) | undefined;
  #stopped: Promise<void> | undefined;
  #idleSince: number;

  constructor(context: EngineContext, committer: Committer, changes: Changes, options: WorkerOptions) {
    this.#context = context;
    this.#committer = committer;
    this.#changes = changes;
    this.#options = options;
    this.id = options.id ?? newId();
    this.leaseMs = options.leaseMs ?? defaultLeaseMs;
    this.concurrency = options.concurrency;
    this.#idleSince = context.clock.now();
    const onProblem = (message: string, cause?: unknown) => this.onProblem(message, cause);
    this.#host = { context, committer, owner: this.id, isolation: options.isolation, isSole: false, onProblem };
    this.#releases = new Releases(context, committer, { owner: this.id, onProblem });
    this.#claiming = new Claiming(context, committer, this);
  }

  start(): void {
    this.#renewal = (this.#options.renewer ?? this.#timerRenewer)(this.id, this.leaseMs);
    this.#subscription = this.#changes.subscribe(() => this.lookAgain(), "busy");
    this.#stopListening = this.#changes.listen();
    void this.#claiming.claim();
  }

  /** How many executions it holds. */
  get load(): number {
    return this.#held.size;
  }

  holds(seq: number): boolean {
    return [...this.#held.keys()].some(({ execution }) => execution.seq === seq);
  }

  /** Since when nothing was held or due soon; undefined while something is. */
  idleSince(keepAliveMs: number): number | undefined {
    const next = this.#context.store.executions.nextWakeAt();
    const now = this.#context.clock.now();
    if (this.#held.size > 0 || (next !== null && next <= now + keepAliveMs)) this.#idleSince = now;
    return this.#held.size > 0 ? undefined : this.#idleSince;
  }

  /** Stops claiming, lets running checkpoints end for a while, and gives the rest back to others at once. */
  stop(): Promise<void> {
    this.#stopped ??= this.#drain();
    return this.#stopped;
  }

  /** For its claiming, as those that follow: it has claimed this one. */
  begin({ execution, leftovers }: Claimed): void {
    // A lease that ran out while this thread was blocked may have come back to this very worker.
    for (const run of this.#held.keys()) if (run.execution.seq === execution.seq) run.refused();
    const run = new ClaimedRun(this.#host, execution);
    if (this.#stopped !== undefined) run.drain();
    this.#held.set(run, this.#hold(run, leftovers));
  }

  pace(pace: Pace): void {
    this.#subscription?.pace(pace);
  }

  /** Something may have changed. */
  lookAgain(): void {
    try {
      this.#refresh();
    } catch (error) {
      this.#claiming.retryLater("reading what changed failed", error);
    }
    void this.#claiming.claim();
  }

  onProblem(message: string, cause?: unknown): void {
    this.#options.onProblem?.(message, cause);
  }

  async #drain(): Promise<void> {
    this.#claiming.stop();
    this.#releases.stop();
    this.#subscription?.end();
    this.#stopListening?.();
    await drainRuns(() => [...this.#held.keys()], drainMs);
    // What is still being loaded may never come back; who finds it after this process is gone takes it over.
    await Promise.all([...this.#held].filter(([run]) => run.hasBegun).map(([, givenBack]) => givenBack));
    await this.#renewal?.stop();
  }

  /** Tells the runs what other processes have done to their executions. */
  #refresh(): void {
    if (this.#held.size === 0) return;
    const rows = new Map(this.#context.store.executions.ownedBy(this.id).map((row) => [row.seq, row]));
    for (const run of this.#held.keys()) {
      const row = rows.get(run.execution.seq);
      if (row === undefined || row.epoch !== run.fence.epoch) run.refused();
      else run.catchUp(row.last_position, row.pause_requested === 1);
    }
  }

  /** From the claim until it is given back. */
  async #hold(run: ClaimedRun, leftovers: readonly Leftover[]): Promise<void> {
    const { execution } = run;
    const outcome = await this.#outcomeOf(run, leftovers);
    if (outcome.kind === "blocked") await this.#releases.release(execution, outcome.reason);
    else this.#releases.forget(execution);
    if (outcome.kind === "stopped") await this.#releases.release(execution, null);
    this.#idleSince = this.#context.clock.now();
    this.#held.delete(run);
    this.#changes.local(execution.id);
  }

  async #outcomeOf(run: ClaimedRun, leftovers: readonly Leftover[]): Promise<RunOutcome> {
    try {
      const reason = leftovers.length > 0 && (await endLeftovers(this.#host, run.execution, leftovers));
      return reason ? { kind: "blocked", reason } : await run.run();
    } catch (error) {
      return { kind: "blocked", reason: error instanceof StoreError ? error.reason : `internal: ${messageOf(error)}` };
    }
  }

  readonly #timerRenewer = (owner: string, leaseMs: number) => {
    const { store, clock } = this.#context;
    const timer = setInterval(() => {
      if (this.#held.size === 0) return;
      this.#committer.run(() => store.executions.renewLeases(owner, clock.now() + leaseMs)).catch(() => {});
    }, leaseMs / 3);
    return {
      async stop() {
        clearInterval(timer);
      },
    };
  };
}
