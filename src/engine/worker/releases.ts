import { setTimeout as sleep } from "node:timers/promises";
import type { Execution } from "../../store/execution.ts";
import { type Committer, StoreError } from "../committer.ts";
import type { EngineContext } from "../ports.ts";

/** How soon an execution that could not go on (missing version, full disk) is tried again; each time twice as late. */
const blockedRetryMs = 2_000;
const longestBlockedRetryMs = 30_000;
/** Counts for an execution that another process found blocked. */
const timesOfOthers = 2;

/** Gives executions back that cannot go on here. */
export class Releases {
  readonly #context: EngineContext;
  readonly #committer: Committer;
  readonly #owner: string;
  readonly #onProblem: (message: string) => void;
  /** How often an execution has been given back as blocked, one time after the other. */
  readonly #blocked = new Map<number, number>();
  #stopping = false;

  constructor(
    context: EngineContext,
    committer: Committer,
    { owner, onProblem }: { owner: string; onProblem: (message: string) => void },
  ) {
    this.#context = context;
    this.#committer = committer;
    this.#owner = owner;
    this.#onProblem = onProblem;
  }

  /** From now on it tries once: the process is about to end. */
  stop(): void {
    this.#stopping = true;
  }

  /** It did not come back as blocked. */
  forget({ seq }: Execution): void {
    this.#blocked.delete(seq);
  }

  /** Gives an execution back; while the store cannot write, it keeps trying, since nobody else could do better. */
  async release(execution: Execution, reason: string | null): Promise<void> {
    const isNew = reason !== null && reason !== execution.blockedReason;
    if (isNew) this.#onProblem(`execution ${execution.id} is blocked: ${reason}`);
    const delay = reason === null ? 0 : this.#delay(execution);
    for (;;) {
      try {
        return await this.#committer.run(() => this.#write(execution, { reason, isNew, delay }));
      } catch (error) {
        if (!(error instanceof StoreError) || this.#stopping) return;
        await sleep(blockedRetryMs);
      }
    }
  }

  #write(execution: Execution, how: { reason: string | null; isNew: boolean; delay: number }): void {
    const { store, clock } = this.#context;
    const { seq, epoch } = execution;
    const now = clock.now();
    const released = store.executions.release({ seq, owner: this.#owner, epoch }, now + how.delay, how.reason);
    if (!released || !how.isNew) return;
    store.events.append(seq, { type: "execution_blocked", at: now, data: { reason: how.reason } });
  }

  #delay({ seq, blockedReason }: Execution): number {
    const times = this.#blocked.get(seq) ?? (blockedReason === null ? 0 : timesOfOthers);
    this.#blocked.set(seq, times + 1);
    return Math.min(blockedRetryMs * 2 ** times, longestBlockedRetryMs);
  }
}
