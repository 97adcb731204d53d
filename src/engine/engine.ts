import type { Limits } from "../core/guardrails.ts";
import type { Execution } from "../store/execution.ts";
import { Committer } from "./committer.ts";
import { type AnswerRequest, abortWait, answer } from "./control/answers.ts";
import { cancel, pause, resume, retry } from "./control/lifecycle.ts";
import { type ReplayInput, type ReplayOutcome, replay } from "./control/replays.ts";
import { type RunRequest, run } from "./control/runs.ts";
import type { EngineContext } from "./ports.ts";
import { Changes } from "./worker/changes.ts";
import { runSolely, type SoleRunEnd, type SoleRunOptions } from "./worker/sole-run.ts";
import { Worker, type WorkerOptions } from "./worker/worker.ts";

/**
 * The durable engine on one store. Every operation acts on the record: it works the same whichever process runs the
 * execution. Each throws UserError for what the caller can mend.
 */
export interface Engine {
  /** Puts a new execution on the record, queued. With a known idempotency key it answers that key's execution. */
  run(request: RunRequest): Promise<Execution>;
  answer(id: string, request: AnswerRequest): Promise<Execution>;
  abortWait(id: string, request: { wait: string | undefined; reason: string | undefined }): Promise<Execution>;
  pause(id: string): Promise<Execution>;
  resume(id: string): Promise<Execution>;
  /** Tries again what failed; `limits` are layered over those that it has. */
  retry(id: string, changes?: { limits?: Limits | undefined }): Promise<Execution>;
  cancel(id: string): Promise<Execution>;
  /** A new execution from the record of another, or with `dryRun` the plan of it. */
  replay(id: string, request: ReplayInput): Promise<ReplayOutcome>;
  /** Looks at an execution now and after every change, until `enough` holds, the time is over or the signal fires. */
  watch(id: string, enough: (execution: Execution) => boolean, options: WatchOptions): Promise<Execution>;
  /** Starts claiming and running executions in this process. */
  startWorker(options: WorkerOptions): Worker;
  /** Runs one activation of an execution that a worker in another process holds. */
  runSolely(options: SoleRunOptions): Promise<SoleRunEnd>;
  /** Told after each commit of this process and each change that another one made. */
  readonly changes: Changes;
  close(): Promise<void>;
}

export interface WatchOptions {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export function createEngine(context: EngineContext): Engine {
  const committer = new Committer(context.store);
  const changes = new Changes(context.store);
  const workers = new Set<Worker>();
  const tell = (executionId?: string) => {
    changes.local(executionId);
    if (workers.size === 0) changes.ring();
  };
  const told = <T>(operation: Promise<T>) => operation.finally(() => tell());
  return {
    changes,
    async run(request) {
      const execution = await run(context, committer, request);
      tell(execution.id);
      return execution;
    },
    answer: (id, request) => told(answer(context, committer, id, request)),
    abortWait: (id, request) => told(abortWait(context, committer, id, request)),
    pause: (id) => told(pause(context, committer, id)),
    resume: (id) => told(resume(context, committer, id)),
    retry: (id, changes) => told(retry(context, committer, id, changes)),
    cancel: (id) => told(cancel(context, committer, id)),
    replay: (id, request) => told(replay(context, committer, id, request)),
    watch: (id, enough, options) => watch(context, changes, id, enough, options),
    startWorker(options) {
      const worker = new Worker(context, committer, changes, options);
      workers.add(worker);
      worker.start();
      return worker;
    },
    runSolely: (options) => runSolely(context, committer, changes, options),
    async close() {
      await Promise.all([...workers].map((worker) => worker.stop()));
      changes.stop();
    },
  };
}

async function watch(
  { store }: EngineContext,
  changes: Changes,
  id: string,
  enough: (execution: Execution) => boolean,
  { timeoutMs, signal }: WatchOptions,
): Promise<Execution> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const execution = store.executions.byId(id);
    if (execution === undefined) throw new Error(`execution ${id} is gone`);
    const left = giveUpAt - performance.now();
    if (enough(execution) || left <= 0 || signal?.aborted === true) return execution;
    await changes.next(id, left, signal);
  }
}
