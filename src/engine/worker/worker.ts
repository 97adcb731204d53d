import { isUserError, messageOf } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { scopeStorage } from "../../flows/runtime.ts";
import type { Execution } from "../../store/executions.ts";
import { Activation, type ActivationOutcome } from "../activation/activation.ts";
import { type Committer, StoreError } from "../committer.ts";
import type { EngineContext } from "../ports.ts";
import type { Changes } from "./changes.ts";
import { LoadingScope } from "./loading-scope.ts";

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
/** How soon an execution that could not go on (missing version, full disk) is tried again; each time twice as late. */
const blockedRetryMs = 2_000;
const longestBlockedRetryMs = 30_000;
/** How many children are claimed at a time while every place is taken. */
const mostBeyond = 10;
/** How long running checkpoints may take to end when the worker stops. */
const drainMs = 5_000;
const drainLookMs = 10;

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
  /** How often an execution has been given back as blocked, one time after the other. */
  readonly #blocked = new Map<number, number>();
  #subscription: ReturnType<Changes["subscribe"]> | undefined;
  #renewal: { stop(): Promise<void> } | undefined;
  #disarm: (() => void) | undefined;
  #stopListening: (() => void) | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped: Promise<void> | undefined;
  #claiming = false;
  /** Whether the last claim failed, so that it may hold what it does not know of. */
  #isUnsure = false;
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
    this.#stopListening = this.#changes.listen();
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

  /** Stops claiming, lets running checkpoints end for a while, and gives the rest back to others at once. */
  stop(): Promise<void> {
    this.#stopped ??= this.#drain();
    return this.#stopped;
  }

  async #drain(): Promise<void> {
    this.#stopping = true;
    this.#subscription?.end();
    this.#stopListening?.();
    this.#disarm?.();
    clearTimeout(this.#retry);
    for (const activation of this.#activations.values()) activation.drain();
    const giveUpAt = performance.now() + drainMs;
    let resting = new Set<Activation>();
    for (let isOver = false; this.#held.size > 0 && !isOver; ) {
      await new Promise((resolve) => setTimeout(resolve, drainLookMs));
      isOver = performance.now() >= giveUpAt;
      const open = [...this.#activations.values()];
      // At rest at two looks in a row: what ended just now is on the record, and the body has seen it.
      await this.#giveBack(open.filter((one) => isOver || (resting.has(one) && one.running.size === 0)));
      resting = new Set(open.filter(({ running }) => running.size === 0));
    }
    await this.#renewal?.stop();
  }

  async #giveBack(activations: Activation[]): Promise<void> {
    for (const activation of activations) activation.stop();
    await this.#release(
      activations.map(({ execution }) => execution),
      null,
    );
  }

  #onChange(): void {
    try {
      this.#refresh();
    } catch (error) {
      this.#retryLater("reading what changed failed", error);
    }
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
      this.#arm();
    } catch (error) {
      this.#isUnsure = true;
      this.#retryLater("claiming failed", error);
    } finally {
      this.#claiming = false;
    }
  }

  async #claimDue(): Promise<void> {
    const free = this.#options.concurrency - this.#held.size;
    const { store, clock } = this.#context;
    const next = store.executions.nextWakeAt();
    if (next === null || next > clock.now()) return;
    if (free <= 0 && !this.#mayHoldUpChildren()) return;
    const claimed = await this.#committer.run(() => {
      const now = clock.now();
      if (this.#isUnsure) this.#abandonUnknown(now);
      const leaseUntil = now + this.#leaseMs;
      const { claim, claimChildren } = store.executions;
      // Beyond the limit too, or parents that wait for a child in one of their steps could take all places for ever.
      const executions =
        free > 0 ? claim(this.id, leaseUntil, now, free) : claimChildren(this.id, leaseUntil, now, mostBeyond);
      for (const execution of executions) if (execution.blockedReason === null) this.#noteStart(execution);
      return executions;
    });
    this.#isUnsure = false;
    for (const execution of claimed) void this.#activate(execution);
    if (claimed.length > 0) this.#again = true;
  }

  /** Whether a child is due whose parent runs; looked at outside a transaction, since it is asked at every change. */
  #mayHoldUpChildren(): boolean {
    return this.#context.store.executions.hasDueChild(this.#context.clock.now());
  }

  /** A claim whose commit failed may be on the disk all the same, and its lease would be renewed for ever. */
  #abandonUnknown(now: number): void {
    const held = new Set([...this.#held].map(({ seq }) => seq));
    for (const { seq, epoch } of this.#context.store.executions.ownedBy(this.id)) {
      if (!held.has(seq)) this.#context.store.executions.release({ seq, owner: this.id, epoch }, now, null);
    }
  }

  async #activate(execution: Execution): Promise<void> {
    this.#held.add(execution);
    try {
      const activation = await this.#load(execution);
      if (activation === undefined) return;
      if (this.#stopping) return await this.#release([execution], null);
      // A lease that ran out while this thread was blocked may have come back to this very worker.
      this.#activations.get(execution.seq)?.refused();
      this.#activations.set(execution.seq, activation);
      activation.start();
      await this.#settle(execution, await activation.done);
    } catch (error) {
      await this.#release([execution], `internal: ${messageOf(error)}`);
    } finally {
      this.#idleSince = this.#context.clock.now();
      const current = this.#activations.get(execution.seq);
      if (current?.execution === execution) this.#activations.delete(execution.seq);
      this.#held.delete(execution);
      this.#changes.local(execution.id);
    }
  }

  /** A version that cannot be loaded defers the execution; it never fails it. */
  async #load(execution: Execution): Promise<Activation | undefined> {
    const { ports, store, clock } = this.#context;
    const fence = { seq: execution.seq, owner: this.id, epoch: execution.epoch };
    const scope = new LoadingScope(
      execution,
      (log) => {
        const written = this.#committer.run(() => store.logs.append(execution.seq, log));
        written.catch((error) => this.#options.onProblem?.(`a line of output was lost: ${messageOf(error)}`, error));
      },
      clock,
    );
    try {
      const loading = scopeStorage.run(scope.scope, () => ports.loadFlow(execution.version, execution.workflow));
      const loaded = await loading;
      ports.hashArguments("");
      const entries = execution.epoch === 1 && execution.replayedFrom === null ? [] : store.journal.load(execution.seq);
      const definition = loaded.definition;
      const activation = new Activation(this.#context, this.#committer, { execution, fence, definition, entries });
      await this.#unblock(execution);
      this.#noteDependencies(activation, loaded.dependencyChanges);
      return activation;
    } catch (error) {
      const reason = isUserError(error) ? `${error.code}: ${error.message}` : `loading failed: ${messageOf(error)}`;
      await this.#release([execution], reason);
      return undefined;
    }
  }

  /** Until here it counted as blocked, so that trying again and again leaves no trace. */
  async #unblock(execution: Execution): Promise<void> {
    this.#blocked.delete(execution.seq);
    if (execution.blockedReason === null) return;
    await this.#committer.run(() => {
      const { seq, epoch } = execution;
      if (this.#context.store.executions.unblock({ seq, owner: this.id, epoch })) this.#noteStart(execution);
    });
    execution.blockedReason = null;
  }

  #noteStart({ seq, epoch }: Execution): void {
    const data = epoch > 1 ? { activation: epoch } : undefined;
    this.#context.store.events.append(seq, { type: "execution_started", at: this.#context.clock.now(), data });
  }

  #noteDependencies(activation: Activation, changes: Record<string, unknown>): void {
    if (Object.keys(changes).length === 0) return;
    activation.note(() => activation.event("dependency_changed", null, { packages: changes }));
  }

  async #settle(execution: Execution, outcome: ActivationOutcome): Promise<void> {
    if (outcome.kind === "blocked") await this.#release([execution], outcome.reason);
  }

  /** Gives executions back; while the store cannot write, it keeps trying, since nobody else could do better. */
  async #release(executions: Execution[], reason: string | null): Promise<void> {
    const { store, clock } = this.#context;
    if (executions.length === 0) return;
    const news = executions.filter(({ blockedReason }) => reason !== null && reason !== blockedReason);
    for (const { id } of news) this.#options.onProblem?.(`execution ${id} is blocked: ${reason}`);
    const delays = executions.map(({ seq }) => (reason === null ? 0 : this.#blockedDelay(seq)));
    for (;;) {
      try {
        await this.#committer.run(() => {
          const now = clock.now();
          for (const [index, execution] of executions.entries()) {
            const { seq, epoch } = execution;
            const wakeAt = now + (delays[index] ?? 0);
            const released = store.executions.release({ seq, owner: this.id, epoch }, wakeAt, reason);
            if (!released || !news.includes(execution)) continue;
            store.events.append(seq, { type: "execution_blocked", at: now, data: { reason } });
          }
        });
        return;
      } catch (error) {
        if (!(error instanceof StoreError) || this.#stopping) return;
        await new Promise((resolve) => setTimeout(resolve, blockedRetryMs));
      }
    }
  }

  #blockedDelay(seq: number): number {
    const times = this.#blocked.get(seq) ?? 0;
    this.#blocked.set(seq, times + 1);
    return Math.min(blockedRetryMs * 2 ** times, longestBlockedRetryMs);
  }

  #retryLater(what: string, error: unknown): void {
    this.#options.onProblem?.(`${what}: ${messageOf(error)}`, error);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#onChange(), blockedRetryMs).unref();
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
