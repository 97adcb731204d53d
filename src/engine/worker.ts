import { isUserError, messageOf } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { scopeStorage } from "../flows/runtime.ts";
import type { Execution } from "../store/executions.ts";
import { Activation, type ActivationOutcome } from "./activation.ts";
import type { Changes } from "./changes.ts";
import { type Committer, StoreError } from "./committer.ts";
import { LoadingScope } from "./loading-scope.ts";
import type { EngineContext } from "./ports.ts";

export interface WorkerOptions {
  /** Executions that run at the same time. */
  concurrency: number;
  /** Default: a new one. */
  id?: string;
  /** How long others leave an execution to this worker after its last sign of life. Default 15 s. */
  leaseMs?: number;
  /** Keeps the leases while user code blocks this thread; default: renewed by a timer of this thread. */
  renewer?: (owner: string, leaseMs: number) => { stop(): Promise<void> };
  /** Told what goes wrong beside the executions themselves. */
  onProblem?: (message: string, cause?: unknown) => void;
}

const defaultLeaseMs = 15_000;
/** How soon an execution that could not go on (missing version, full disk) is tried again. */
const blockedRetryMs = 2_000;
const drainMs = 5_000;

/** Claims executions that are due and runs each in an activation. */
export class Worker {
  readonly id: string;
  readonly #context: EngineContext;
  readonly #committer: Committer;
  readonly #changes: Changes;
  readonly #options: WorkerOptions;
  readonly #leaseMs: number;
  readonly #activations = new Map<number, Activation>();
  /** Claimed and not yet given back, activations that are still being loaded included. */
  readonly #held = new Set<Execution>();
  #subscription: ReturnType<Changes["subscribe"]> | undefined;
  #renewal: { stop(): Promise<void> } | undefined;
  #disarm: (() => void) | undefined;
  #claiming = false;
  #again = false;
  #stopping = false;
  #idleSince: number;

  constructor(context: EngineContext, committer: Committer, changes: Changes, options: WorkerOptions) {
    this.#context = context;
    this.#committer = committer;
    this.#changes = changes;
    this.#options = options;
    this.id = options.id ?? newId();
    this.#leaseMs = options.leaseMs ?? defaultLeaseMs;
    this.#idleSince = context.clock.now();
  }

  start(): void {
    this.#renewal = (this.#options.renewer ?? this.#timerRenewer)(this.id, this.#leaseMs);
    this.#subscription = this.#changes.subscribe(() => this.#onChange(), "busy");
    void this.#claim();
  }

  /** How many executions it holds. */
  get load(): number {
    return this.#held.size;
  }

  /** Since when nothing was held or due soon; undefined while something is. */
  idleSince(keepAliveMs: number): number | undefined {
    const next = this.#context.store.executions.nextWakeAt();
    const now = this.#context.clock.now();
    if (this.#held.size > 0 || (next !== null && next <= now + keepAliveMs)) this.#idleSince = now;
    return this.#held.size > 0 ? undefined : this.#idleSince;
  }

  /** Stops claiming, lets running checkpoints end for a while, and gives the rest back to others. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#subscription?.end();
    this.#disarm?.();
    const giveUpAt = performance.now() + drainMs;
    while ([...this.#activations.values()].some(({ running }) => running.size > 0) && performance.now() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const left = [...this.#activations.values()];
    for (const activation of left) activation.stop();
    await this.#release(left.map(({ execution }) => execution), null, 0);
    await this.#renewal?.stop();
  }

  #onChange(): void {
    this.#refresh();
    void this.#claim();
  }

  /** Tells the activations what other processes have done to their executions. */
  #refresh(): void {
    if (this.#activations.size === 0) return;
    const held = new Map(this.#context.store.executions.ownedBy(this.id).map((row) => [row.seq, row]));
    for (const [seq, activation] of this.#activations) {
      const row = held.get(seq);
      if (row === undefined || row.epoch !== activation.fence.epoch) activation.refused();
      else activation.catchUp(row.last_position, row.pause_requested === 1);
    }
  }

  async #claim(): Promise<void> {
    if (this.#claiming || this.#stopping) {
      this.#again = true;
      return;
    }
    this.#claiming = true;
    try {
      do {
        this.#again = false;
        await this.#claimDue();
      } while (this.#again && !this.#stopping);
    } catch (error) {
      this.#options.onProblem?.(`claiming failed: ${messageOf(error)}`, error);
      this.#retryLater();
    } finally {
      this.#claiming = false;
    }
    this.#arm();
  }

  async #claimDue(): Promise<void> {
    const free = this.#options.concurrency - this.#held.size;
    const { store, clock } = this.#context;
    const next = store.executions.nextWakeAt();
    if (free <= 0 || next === null || next > clock.now()) return;
    const claimed = await this.#committer.run(() => {
      const now = clock.now();
      const executions = store.executions.claim(this.id, now + this.#leaseMs, now, free);
      for (const { seq, epoch } of executions) {
        store.events.append(seq, { type: "execution_started", at: now, data: epoch > 1 ? { activation: epoch } : undefined });
      }
      return executions;
    });
    for (const execution of claimed) void this.#activate(execution);
    if (claimed.length > 0) this.#again = true;
  }

  async #activate(execution: Execution): Promise<void> {
    this.#held.add(execution);
    try {
      const activation = await this.#load(execution);
      if (activation === undefined) return;
      // A lease that ran out while this thread was blocked may have come back to this very worker.
      this.#activations.get(execution.seq)?.refused();
      this.#activations.set(execution.seq, activation);
      activation.start();
      await this.#settle(execution, await activation.done);
    } catch (error) {
      this.#options.onProblem?.(`execution ${execution.id}: ${messageOf(error)}`, error);
      await this.#release([execution], `internal: ${messageOf(error)}`, blockedRetryMs);
    } finally {
      const current = this.#activations.get(execution.seq);
      if (current?.execution === execution) this.#activations.delete(execution.seq);
      this.#held.delete(execution);
      this.#changes.local();
    }
  }

  /** A version that cannot be loaded defers the execution; it never fails it. */
  async #load(execution: Execution): Promise<Activation | undefined> {
    const { ports, store, clock } = this.#context;
    const fence = { seq: execution.seq, owner: this.id, epoch: execution.epoch };
    const scope = new LoadingScope(execution, (log) => void this.#committer.run(() => store.logs.append(execution.seq, log)), clock);
    try {
      const loading = scopeStorage.run(scope.scope, () => ports.loadFlow(execution.version, execution.workflow));
      const loaded = await loading;
      ports.hashArguments("");
      const entries = execution.epoch === 1 && execution.replayedFrom === null ? [] : store.journal.load(execution.seq);
      const definition = loaded.definition;
      const activation = new Activation(this.#context, this.#committer, { execution, fence, definition, entries });
      this.#noteDependencies(activation, loaded.dependencyChanges);
      return activation;
    } catch (error) {
      const reason = isUserError(error) ? `${error.code}: ${error.message}` : `loading failed: ${messageOf(error)}`;
      await this.#release([execution], reason, blockedRetryMs);
      return undefined;
    }
  }

  #noteDependencies(activation: Activation, changes: Record<string, unknown>): void {
    if (Object.keys(changes).length === 0) return;
    activation.note(() => activation.event("dependency_changed", null, { packages: changes }));
  }

  async #settle(execution: Execution, outcome: ActivationOutcome): Promise<void> {
    if (outcome.kind !== "blocked") return;
    this.#options.onProblem?.(`execution ${execution.id} is blocked: ${outcome.reason}`);
    await this.#release([execution], outcome.reason, blockedRetryMs);
  }

  /** Gives executions back; while the store cannot write, it keeps trying, since nobody else could do better. */
  async #release(executions: Execution[], reason: string | null, delayMs: number): Promise<void> {
    const { store, clock } = this.#context;
    for (;;) {
      try {
        await this.#committer.run(() => {
          const now = clock.now();
          for (const { seq, epoch } of executions) {
            const released = store.executions.release({ seq, owner: this.id, epoch }, now + delayMs, reason);
            if (released && reason !== null) store.events.append(seq, { type: "execution_blocked", at: now, data: { reason } });
          }
        });
        return;
      } catch (error) {
        if (!(error instanceof StoreError) || this.#stopping) return;
        await new Promise((resolve) => setTimeout(resolve, blockedRetryMs));
      }
    }
  }

  #retryLater(): void {
    setTimeout(() => void this.#claim(), blockedRetryMs).unref();
  }

  /** One timer for the next instant at which anything in the store becomes due. */
  #arm(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    if (this.#stopping) return;
    const { store, clock } = this.#context;
    const next = store.executions.nextWakeAt();
    this.#subscription?.pace(this.#held.size > 0 ? "busy" : next !== null ? "waiting" : this.#paceOfWaits());
    if (next === null || this.#held.size >= this.#options.concurrency) return;
    this.#disarm = clock.at(Math.max(next, clock.now() + 1), () => void this.#claim());
  }

  #paceOfWaits(): "waiting" | "idle" {
    return this.#context.store.executions.countIn("waiting") > 0 ? "waiting" : "idle";
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
