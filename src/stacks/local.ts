import type { Clock } from "../core/clock.ts";
import type { Store } from "../store/store.ts";
import type { WorkerRow } from "../store/workers.ts";

export interface LocalStackOptions {
  store: Store;
  clock: Clock;
  config: LocalStackConfig;
  version: string;
  enabled: boolean;
}

export interface LocalStackConfig {
  readonly projectRoot: string;
  readonly logsFolder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly worker: { readonly keepAliveMs: number };
}

/** This machine as the place where workers run. */
export interface LocalStack {
  /** Workers whose process lives, and those that are being started. */
  workers(): WorkerRow[];
  /** Starts a detached worker when something is or will soon be due and none lives. */
  ensureWorker(): void;
  /** Looks once a second, for as long as this process serves. */
  keepWorker(): void;
  close(): void;
}

export function createLocalStack(_options: LocalStackOptions): LocalStack {
  throw new Error("todo");
}
