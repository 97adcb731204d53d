import type { ResolvedFlow, Version } from "../code/version.ts";
import type { Config } from "../config.ts";
import type { Clock } from "../core/clock.ts";
import type { Engine } from "../engine/engine.ts";
import { renewInThread } from "../engine/worker/lease-thread.ts";
import type { Isolation } from "../engine/worker/run.ts";
import { startTraceExport } from "../models/exporter.ts";
import { isolatedProgram } from "../stacks/isolated.ts";
import { takeSeat } from "../stacks/seat.ts";
import type { Execution } from "../store/execution.ts";
import type { Store } from "../store/store.ts";
import { flowOf } from "./versions.ts";

interface Parts {
  config: Config;
  clock: Clock;
  store: Store;
  engine: Engine;
  /** Of Savepoint. */
  version: string;
  describeVersion(hash: string): Version | undefined;
}

export interface WorkerProcessOptions {
  kind: "detached" | "foreground" | "embedded";
  concurrency: number;
  /** The place that was reserved for this process by the one that started it. */
  reservedId?: string | undefined;
  signal: AbortSignal;
  /** Where the last words of a worker go that has to be killed; default: standard error. */
  logDescriptor?: number;
  /** Told what happens to the worker and beside the executions. */
  onProblem(message: string, cause?: unknown): void;
}

/** Runs executions in this process until it is told to stop, drained, or idle for long enough. */
export async function runWorker(
  parts: Parts,
  { kind, concurrency, reservedId, signal, logDescriptor = 2, onProblem }: WorkerProcessOptions,
): Promise<void> {
  const { config, clock, store, engine, version } = parts;
  const stop = Promise.withResolvers<string>();
  const seat = takeSeat(store, clock, { kind, concurrency, version, reservedId, onDrain: stop.resolve, onProblem });
  if (seat === undefined) return onProblem("another process has its place");
  const { leaseMs, keepAliveMs, idleMs } = config.worker;
  const renewer = renewInThread({ databasePath: store.databasePath, logDescriptor }, onProblem);
  const isolation = isolationOf(parts, logDescriptor);
  const worker = engine.startWorker({ id: seat.id, concurrency, leaseMs, renewer, isolation, onProblem });
  let left = false;
  const leaveWhenIdle = () => {
    if (left) return;
    const since = worker.idleSince(keepAliveMs);
    if (since === undefined || clock.now() - since < idleMs) return;
    left = seat.leave(clock.now() + keepAliveMs);
    if (left) stop.resolve("nothing to do");
  };
  const idleTimer = kind === "detached" ? setInterval(leaveWhenIdle, Math.min(1_000, idleMs)) : undefined;
  const asked = () => stop.resolve(String(signal.reason));
  signal.addEventListener("abort", asked, { once: true });
  if (signal.aborted) asked();
  const traces = await startTraceExport({ env: config.env, version, onProblem });
  const why = await stop.promise;
  onProblem(`stops: ${why}`);
  signal.removeEventListener("abort", asked);
  clearInterval(idleTimer);
  await worker.stop();
  await traces?.shutdown();
  if (!left) seat.leave();
}

/** What is asked of a flow is read from its version's description, so that its code need not be loaded here. */
function isolationOf(
  { config, describeVersion }: Pick<Parts, "config" | "describeVersion">,
  logDescriptor: number,
): Isolation {
  const { isolate, crashLimit } = config.worker;
  const known = new Map<string, ResolvedFlow["flow"]["options"]>();
  const optionsOf = ({ version, workflow }: Execution) => {
    const key = `${version} ${workflow}`;
    const options = known.get(key) ?? flowOf(describeVersion(version), workflow)?.flow.options;
    if (options !== undefined) known.set(key, options);
    return options;
  };
  return {
    reasonFor(execution) {
      if (isolate || optionsOf(execution)?.["isolate"] === true) return "asked";
      return crashLimit > 0 && execution.crashes >= crashLimit ? "crashes" : undefined;
    },
    retriesOf: (execution) => optionsOf(execution)?.retries ?? 0,
    program: (executionId, { owner, epoch }) => isolatedProgram(config, { executionId, owner, epoch, logDescriptor }),
  };
}
