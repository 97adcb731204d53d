import { hostname } from "node:os";
import type { Clock } from "../core/clock.ts";
import { newId } from "../core/ids.ts";
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
  onProblem?: (message: string) => void;
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
  /** Starts a detached worker when something is or will soon be due and none lives; `always` starts one in any case. */
  ensureWorker(options?: { always?: boolean }): void;
  /** Starts a worker now and looks once a second, for as long as this process serves. */
  keepWorker(): void;
  close(): void;
}

const lookEveryMs = 1_000;

export function createLocalStack(options: LocalStackOptions): LocalStack {
  const { store, clock, config, enabled } = options;
  let timer: NodeJS.Timeout | undefined;
  const ensureWorker: LocalStack["ensureWorker"] = ({ always = false } = {}) => {
    if (!enabled || !(always || isWorkComing(store, clock.now() + config.worker.keepAliveMs))) return;
    const alive = reapDeadWorkers(store, clock.now());
    const serving = alive.filter((worker) => worker.state !== "draining" && !retire(options, worker));
    if (serving.length === 0) startDetached(options);
  };
  return {
    workers: () => store.workers.list().filter((worker) => isAlive(worker, clock.now())),
    ensureWorker,
    keepWorker() {
      ensureWorker({ always: true });
      timer ??= setInterval(() => {
        try {
          ensureWorker();
        } catch (error) {
          options.onProblem?.(`looking after the worker failed: ${String(error)}`);
        }
      }, lookEveryMs);
      timer.unref();
    },
    close: () => clearInterval(timer),
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
function startDetached({ store, clock, config, version, onProblem }: LocalStackOptions): void {
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
  const { projectRoot, logsFolder, env } = config;
  spawnDetachedWorker({ id, projectRoot, logsFolder, env }, (error) => {
    onProblem?.(`the worker could not be started: ${error.message}`);
    store.write(() => store.workers.remove(id));
  });
}

export function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(/[.-]/).slice(0, 3).map(Number));
  for (let i = 0; i < 3; i++) {
    const [left, right] = [a?.[i] ?? 0, b?.[i] ?? 0];
    if (left !== right) return left < right;
  }
  return false;
}
