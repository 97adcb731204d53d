import { hostname } from "node:os";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { processStart } from "../processes/identity.ts";
import type { Store } from "../store/store.ts";
import type { WorkerRow } from "../store/workers.ts";
import { spawnDetachedWorker } from "./detached.ts";
import { isAlive, reapDeadWorkers } from "./liveness.ts";

export interface LocalStackOptions {
  store: Store;
  clock: Clock;
  config: LocalStackConfig;
  /** The version of Savepoint that this process runs. */
  version: string;
  /** False where the caller sees to workers itself. */
  enabled: boolean;
  onProblem?: ((message: string) => void) | undefined;
}

export interface LocalStackConfig {
  readonly projectRoot: string;
  readonly logsFolder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly worker: { readonly keepAliveMs: number; readonly concurrency: number };
}

/** This machine as the place where workers run. */
export interface LocalStack {
  /** Workers whose process lives, and those that are being started. */
  workers(): WorkerRow[];
  /**
   * Starts a detached worker when something is or will soon be due and none lives; `always` starts one in any case, and
   * `isAsked` does not let new work wait because workers failed before.
   * Never throws: what the caller has written is on the record, whether or not a worker could be started.
   */
  ensureWorker(options?: { always?: boolean; isAsked?: boolean }): void;
  /** Starts a worker now and looks once a second, for as long as this process serves. */
  keepWorker(): void;
  /** Asks detached workers to finish what they run and go; answers which. The next work to do starts another. */
  drainWorkers(): WorkerRow[];
  close(): void;
}

const lookEveryMs = 1_000;
/** A worker that fails within this time may do so again at once. */
const soonMs = 3_000;
const firstPauseMs = 250;
const longestPauseMs = 60_000;

export function createLocalStack(options: LocalStackOptions): LocalStack {
  const { store, clock, config, enabled } = options;
  const starts = pacedStarts(clock);
  let timer: NodeJS.Timeout | undefined;
  const ensure = (always: boolean) => {
    if (!always && !isWorkComing(store, clock.now() + config.worker.keepAliveMs)) return;
    const alive = reapDeadWorkers(store, clock.now());
    const serving = alive.filter((worker) => worker.state !== "draining" && !retire(options, worker));
    if (serving.length === 0 && starts.mayStart()) startDetached(options, starts.ended);
  };
  const ensureWorker: LocalStack["ensureWorker"] = ({ always = false, isAsked = false } = {}) => {
    if (!enabled) return;
    if (isAsked) starts.forgetPause();
    try {
      ensure(always);
    } catch (error) {
      options.onProblem?.(`looking after the worker failed: ${messageOf(error)}`);
    }
  };
  return {
    workers: () => store.workers.list().filter((worker) => isAlive(worker, clock.now())),
    ensureWorker,
    keepWorker() {
      ensureWorker({ always: true });
      timer ??= setInterval(ensureWorker, lookEveryMs);
      timer.unref();
    },
    drainWorkers() {
      const detached = reapDeadWorkers(store, clock.now()).filter(({ kind }) => kind === "detached");
      store.write(() => {
        for (const { id } of detached) store.workers.drain(id);
      });
      return detached;
    },
    close: () => clearInterval(timer),
  };
}

/** Workers that fail as soon as they are started are started ever more rarely. */
function pacedStarts(clock: Clock) {
  let failures = 0;
  let notBefore = 0;
  return {
    /** The next failure makes the pause longer all the same. */
    forgetPause() {
      notBefore = 0;
    },
    mayStart: () => clock.now() >= notBefore,
    ended(exitCode: number | null, livedMs: number) {
      failures = exitCode === 0 || livedMs > soonMs ? 0 : failures + 1;
      notBefore = failures === 0 ? 0 : clock.now() + Math.min(longestPauseMs, firstPauseMs * 2 ** failures);
    },
  };
}

function isWorkComing(store: Store, before: number): boolean {
  const next = store.executions.nextWakeAt();
  return next !== null && next <= before;
}

/** A detached worker of an older Savepoint is asked to finish what it runs and go. */
function retire({ store, version }: LocalStackOptions, worker: WorkerRow): boolean {
  if (worker.kind !== "detached" || !isOlder(worker.savepointVersion, version)) return false;
  store.write(() => store.workers.drain(worker.id));
  return true;
}

/** The reserved row is unique in the database: of two processes that come here together, one starts a worker. */
function startDetached(
  { store, clock, config, version, onProblem }: LocalStackOptions,
  onEnd: (exitCode: number | null, livedMs: number) => void,
): void {
  const id = newId();
  const now = clock.now();
  const reserved = store.write(() =>
    store.workers.insert({
      id,
      kind: "detached",
      state: "starting",
      pid: null,
      processStart: null,
      host: hostname(),
      savepointVersion: version,
      concurrency: config.worker.concurrency,
      startedAt: now,
      heartbeatAt: now,
    }),
  );
  if (!reserved) return;
  const failed = (error: unknown) => {
    onProblem?.(`the worker could not be started: ${messageOf(error)}`);
    // When this fails as well, the place is free again once the time for starting is over.
    attempt(() => store.write(() => store.workers.remove(id)));
  };
  try {
    const { projectRoot, logsFolder, env } = config;
    const child = spawnDetachedWorker({ id, projectRoot, logsFolder, env });
    child.once("error", failed);
    child.once("exit", (exitCode) => {
      const livedMs = clock.now() - now;
      onEnd(exitCode, livedMs);
      if (exitCode !== 0 && exitCode !== null && livedMs < soonMs) {
        onProblem?.(`the worker ended at once (exit code ${exitCode}): \`savepoint worker\` shows why`);
      }
    });
    const { pid } = child;
    if (pid !== undefined) attempt(() => store.write(() => store.workers.started(id, pid, processStart(pid))));
  } catch (error) {
    failed(error);
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {}
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(/[.-]/).slice(0, 3).map(Number));
  for (let i = 0; i < 3; i++) {
    const [left, right] = [a?.[i] ?? 0, b?.[i] ?? 0];
    if (left !== right) return left < right;
  }
  return false;
}
