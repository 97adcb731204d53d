import { hostname } from "node:os";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { crashLoopFailure, failureOfDeath, overdueFailure } from "../../core/deaths.ts";
import { messageOf } from "../../core/errors.ts";
import type { Failure } from "../../core/statuses.ts";
import { type Leader, type LeaderEnd, type ProcessGroup, startGroup } from "../../processes/group.ts";
import type { Execution, Fence } from "../../store/execution.ts";
import { writeInterruption } from "../activation/interruption.ts";
import { StoreError } from "../committer.ts";
import type { Isolation, IsolationReason, RunHost, RunOutcome } from "./run.ts";

/** The exit codes of a process that runs one execution; any other one is a death. */
export const runExitCodes = { over: 0, unavailable: 69, stopped: 75 } as const;

/** How long code that was cancelled may take to end. */
const graceMs = 5_000;
/** How long past its deadline an execution may take to end by itself. */
const overdueMs = 3_000;
const mostLastWords = 8 * 1024;
const longestLastWordsMs = 250;

interface Isolated {
  execution: Execution;
  fence: Fence;
  why: IsolationReason;
  /** How often its flow retries the whole execution. */
  retries: number;
}

/** An execution that runs in a process of its own: this process keeps its lease, and looks how the other one ends. */
export class IsolatedRun {
  readonly #host: Pick<RunHost, "context" | "committer">;
  readonly #isolation: Isolation;
  readonly #isolated: Isolated;
  #group: ProcessGroup | undefined;
  #state: "running" | "draining" | "stopped" | "refused" | "overdue" = "running";

  constructor(host: Pick<RunHost, "context" | "committer">, isolation: Isolation, isolated: Isolated) {
    this.#host = host;
    this.#isolation = isolation;
    this.#isolated = isolated;
  }

  async run(): Promise<RunOutcome> {
    const { execution, fence } = this.#isolated;
    const program = this.#isolation.program(execution.id, fence);
    try {
      this.#group = await startGroup(program, (leader) => this.#record(leader));
    } catch (error) {
      if (this.#state === "refused") return { kind: "over" };
      const reason = error instanceof StoreError ? error.reason : `no_process: ${messageOf(error)}`;
      return { kind: "blocked", reason };
    }
    const lastWords = lastWordsOf(this.#group.stderr);
    const disarm = this.#armDeadline();
    this.#enforce();
    const end = await this.#group.ended;
    disarm();
    const words = await lastWords();
    await this.#group.end(0);
    return this.#conclude(this.#group.leader, end, words);
  }

  /** The process notices by itself, unless its code blocks it. */
  refused(): void {
    this.#turn("refused");
  }

  drain(): void {
    if (this.#state === "running") this.#turn("draining");
  }

  stop(): void {
    if (this.#state === "running" || this.#state === "draining") this.#turn("stopped");
  }

  #turn(state: "draining" | "stopped" | "refused" | "overdue"): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#enforce();
  }

  /** Does to the process, once there is one, what is asked of the run. */
  #enforce(): void {
    if (this.#state === "draining") this.#group?.ask("SIGTERM");
    else if (this.#state === "refused") void this.#group?.end(graceMs);
    else if (this.#state !== "running") void this.#group?.end(0);
  }

  async #record({ pid, processStart }: Leader): Promise<void> {
    const { store, clock } = this.#host.context;
    const { execution, fence, why } = this.#isolated;
    const { seq, crashes } = execution;
    await this.#host.committer.run(() => {
      if (store.executions.advance(fence, 0) === undefined) {
        this.#state = "refused";
        throw new Error("the lease is gone");
      }
      const now = clock.now();
      store.processGroups.put({ executionSeq: seq, pid, processStart, host: hostname(), startedAt: now });
      if (why === "asked") return;
      store.events.append(seq, { type: "execution_isolated", at: now, data: { reason: "crash_loop", crashes } });
    });
  }

  #armDeadline(): () => void {
    const { clock } = this.#host.context;
    const { deadlineAt } = this.#isolated.execution;
    if (deadlineAt === null) return () => {};
    return clock.at(Math.max(deadlineAt, clock.now()) + overdueMs, () => {
      if (this.#state === "running" || this.#state === "draining") this.#turn("overdue");
    });
  }

  async #conclude(leader: Leader, end: LeaderEnd, lastWords: string): Promise<RunOutcome> {
    const { seq } = this.#isolated.fence;
    try {
      return await this.#host.committer.run(() => {
        this.#host.context.store.processGroups.remove(seq, hostname(), leader.pid);
        return this.#write(end, lastWords);
      });
    } catch (error) {
      if (error instanceof StoreError) return { kind: "blocked", reason: error.reason };
      throw error;
    }
  }

  /** Where the lease is no longer held, what the process did is on the record; else it did not come to its end. */
  #write(end: LeaderEnd, lastWords: string): RunOutcome {
    const { store, clock } = this.#host.context;
    const { execution, fence, retries } = this.#isolated;
    if (store.executions.advance(fence, 0) === undefined) return { kind: "over" };
    const givenBack = this.#givenBack(end);
    if (givenBack !== undefined) return givenBack;
    const failure = this.#failure(end, lastWords);
    // Another attempt of what kills workers would kill some more.
    const held = { execution, fence, retries: failure.code === "crash_loop" ? 0 : retries };
    writeInterruption(store, held, failure, clock.now());
    return { kind: "over" };
  }

  #givenBack({ exitCode, signal }: LeaderEnd): RunOutcome | undefined {
    const { stopped, unavailable } = runExitCodes;
    const wasAsked = exitCode === stopped || signal === "SIGTERM" || signal === "SIGINT" || signal === "SIGHUP";
    if (this.#state === "stopped" || (this.#state === "draining" && wasAsked)) return { kind: "stopped" };
    if (exitCode === unavailable) {
      return { kind: "blocked", reason: "no_process: its process could not begin; the worker's log says why" };
    }
    if (this.#state !== "overdue" && wasAsked) {
      return { kind: "blocked", reason: "process_stopped: something outside told its process to end" };
    }
    return undefined;
  }

  #failure(end: LeaderEnd, lastWords: string): Failure {
    const { execution, why } = this.#isolated;
    const { deadlineAt, crashes } = execution;
    if (this.#state === "overdue" && deadlineAt !== null) return overdueFailure(deadlineAt);
    const death = failureOfDeath({ ...end, lastWords });
    return why === "crashes" ? crashLoopFailure(crashes, death) : death;
  }
}

/** Keeps the end of what is written there; what the process started may hold the stream open for ever. */
function lastWordsOf(stream: Readable | null): () => Promise<string> {
  let words = Buffer.alloc(0);
  const closed = Promise.withResolvers<void>();
  stream?.on("data", (chunk: Buffer) => {
    words = Buffer.concat([words, chunk]).subarray(-mostLastWords);
  });
  if (stream === null) closed.resolve();
  else stream.once("close", () => closed.resolve());
  return async () => {
    await Promise.race([closed.promise, sleep(longestLastWordsMs, undefined, { ref: false })]);
    return words.toString();
  };
}
