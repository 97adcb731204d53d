import { hostname } from "node:os";
import { messageOf } from "../../core/errors.ts";
import type { Execution } from "../../store/execution.ts";
import type { Store } from "../../store/store.ts";
import type { Committer } from "../committer.ts";
import type { EngineContext } from "../ports.ts";
import type { Pace } from "./changes.ts";
import { noteStart } from "./claimed-run.ts";
import type { Leftover } from "./leftovers.ts";

/** How soon what failed beside the executions themselves is tried again. */
const retryMs = 2_000;
/** How many children are claimed at a time while every place is taken. */
const mostBeyond = 10;

export interface Claimed {
  execution: Execution;
  /** What must be killed before it is run. */
  leftovers: readonly Leftover[];
}

const host = hostname();

/** The worker that claims. */
export interface Claimant {
  readonly id: string;
  readonly leaseMs: number;
  /** Executions that run at the same time. */
  readonly concurrency: number;
  /** How many it holds. */
  readonly load: number;
  holds(seq: number): boolean;
  begin(claimed: Claimed): void;
  /** How soon it must learn of what other processes write. */
  pace(pace: Pace): void;
  /** Looks again, some time after something failed. */
  lookAgain(): void;
  onProblem(message: string, cause?: unknown): void;
}

/** Takes executions that are due, one batch after the other, for as long as there is a place for them. */
export class Claiming {
  readonly #context: EngineContext;
  readonly #committer: Committer;
  readonly #claimant: Claimant;
  #disarm: (() => void) | undefined;
  #retry: NodeJS.Timeout | undefined;
  #claiming = false;
  /** Whether the last claim failed, so that it may hold what it does not know of. */
  #isUnsure = false;
  #again = false;
  #stopped = false;

  constructor(context: EngineContext, committer: Committer, claimant: Claimant) {
    this.#context = context;
    this.#committer = committer;
    this.#claimant = claimant;
  }

  stop(): void {
    this.#stopped = true;
    this.#disarm?.();
    clearTimeout(this.#retry);
  }

  async claim(): Promise<void> {
    if (this.#claiming || this.#stopped) {
      this.#again = true;
      return;
    }
    this.#claiming = true;
    try {
      do {
        this.#again = false;
        await this.#claimDue();
      } while (this.#again && !this.#stopped);
      this.#arm();
    } catch (error) {
      this.#isUnsure = true;
      this.retryLater("claiming failed", error);
    } finally {
      this.#claiming = false;
    }
  }

  retryLater(what: string, error: unknown): void {
    this.#claimant.onProblem(`${what}: ${messageOf(error)}`, error);
    clearTimeout(this.#retry);
    if (!this.#stopped) this.#retry = setTimeout(() => this.#claimant.lookAgain(), retryMs).unref();
  }

  async #claimDue(): Promise<void> {
    const { store, clock } = this.#context;
    const next = store.executions.nextWakeAt();
    if (next === null || next > clock.now()) return;
    const free = this.#claimant.concurrency - this.#claimant.load;
    // Looked at outside a transaction, since it is asked at every change.
    if (free <= 0 && !store.families.hasDueChild(clock.now())) return;
    const claimed = await this.#committer.run(() => this.#take(free));
    this.#isUnsure = false;
    for (const one of claimed) this.#claimant.begin(one);
    if (claimed.length > 0) this.#again = true;
  }

  /** Beyond the limit too, or parents that wait for a child in one of their steps could take all places for ever. */
  #take(free: number): Claimed[] {
    const { store, clock } = this.#context;
    const { id, leaseMs } = this.#claimant;
    const now = clock.now();
    if (this.#isUnsure) this.#abandonUnknown(now);
    const executions =
      free > 0
        ? store.executions.claim(id, now + leaseMs, now, free)
        : store.families.claimChildren(id, now + leaseMs, now, mostBeyond);
    for (const execution of executions) {
      if (execution.blockedReason === null) noteStart(this.#context, execution);
      // Its process before this one may have died in the middle of requests.
      if (execution.epoch > 1) countLost(store, execution);
    }
    return executions.map((execution) => ({
      execution,
      leftovers: store.processGroups.list(execution.seq, host),
    }));
  }

  /** A claim whose commit failed may be on the disk all the same, and its lease would be renewed for ever. */
  #abandonUnknown(now: number): void {
    const { id: owner } = this.#claimant;
    const { executions } = this.#context.store;
    for (const { seq, epoch } of executions.ownedBy(owner)) {
      if (!this.#claimant.holds(seq)) executions.release({ seq, owner, epoch }, now, null);
    }
  }

  /** One timer for the next instant at which anything in the store becomes due. */
  #arm(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    if (this.#stopped) return;
    const { store, clock } = this.#context;
    const { load, concurrency } = this.#claimant;
    const next = store.executions.nextWakeAt();
    this.#claimant.pace(load > 0 ? "busy" : next !== null ? "waiting" : this.#paceOfWaits());
    if (next === null || load >= concurrency) return;
    this.#disarm = clock.at(Math.max(next, clock.now() + 1), () => void this.claim());
  }

  #paceOfWaits(): Pace {
    return this.#context.store.executions.countIn("waiting") > 0 ? "waiting" : "idle";
  }
}

function countLost({ budgets, modelCalls }: Store, { seq, epoch }: Execution): void {
  budgets.countLost(seq, epoch);
  modelCalls.endLost(seq);
}
