import { type Code, createCode } from "./code/code.ts";
import { flowNamed, type ResolvedFlow, type Version } from "./code/version.ts";
import { type Config, type ConfigSource, readConfig } from "./config.ts";
import type { Clock } from "./core/clock.ts";
import { systemClock } from "./core/clock.ts";
import { packageVersion } from "./core/runtime.ts";
import { findExecution } from "./engine/control/find.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import type { EnginePorts } from "./engine/ports.ts";
import { renewInThread } from "./engine/worker/lease-thread.ts";
import { type FlowDefinition, flowBrand } from "./flows/flow.ts";
import { argumentHasher, openDataKey } from "./secrets/data-key.ts";
import { readMasterKey } from "./secrets/master-key.ts";
import { createLocalStack, type LocalStack } from "./stacks/local.ts";
import { takeSeat } from "./stacks/seat.ts";
import type { Execution } from "./store/executions.ts";
import { type Listings, openListings } from "./store/listings.ts";
import { openStore, type Store } from "./store/store.ts";

export { guardUserCode } from "./engine/worker/user-code-guard.ts";

/** Every service of a project, built once and passed on. */
export interface App {
  readonly config: Config;
  /** The version of Savepoint. */
  readonly version: string;
  readonly clock: Clock;
  readonly store: Store;
  readonly listings: Listings;
  readonly code: Code;
  readonly engine: Engine;
  readonly stack: LocalStack;
  /** What this workflow version exports; undefined when the version is unknown. */
  describeVersion(hash: string): Version | undefined;
  /** The flow that a worker loads for a workflow's name in a version; undefined when there is none. */
  describeFlow(hash: string, workflow: string): ResolvedFlow | undefined;
  /** The execution with this id or unique beginning of one. @throws UserError `not_found` or `ambiguous` */
  findExecution(id: string): Execution;
  /** Runs executions in this process until it is told to stop, drained, or idle for long enough. */
  runWorker(options: WorkerProcessOptions): Promise<void>;
  close(): Promise<void>;
}

export interface WorkerProcessOptions {
  kind: "detached" | "foreground" | "embedded";
  concurrency: number;
  /** The place that was reserved for this process by the one that started it. */
  reservedId?: string | undefined;
  signal: AbortSignal;
  /** Told what happens to the worker and beside the executions. */
  onProblem(message: string, cause?: unknown): void;
}

export interface AppOptions extends ConfigSource {
  clock?: Clock;
  /** Whether this process sees to it that a worker lives; default true. */
  ensureWorker?: boolean;
  /** Told what goes wrong with starting workers. */
  onProblem?: (message: string) => void;
}

/** @throws UserError when the project cannot be opened */
export async function openApp(options: AppOptions = {}): Promise<App> {
  const config = readConfig(options);
  const clock = options.clock ?? systemClock;
  const version = packageVersion();
  const store = openStore(config.stateFolder, { capBytes: config.payloads.maxBytes });
  const describeVersion = (hash: string) => readVersion(store, hash);
  const code = createCode({
    projectRoot: config.projectRoot,
    versionsFolder: config.versionsFolder,
    catalog: { find: describeVersion, save: (found) => saveVersion(store, clock, found) },
  });
  const engine = createEngine({ store, clock, ports: enginePorts(code, describeVersion, store, config) });
  const stack = createLocalStack({
    store,
    clock,
    config,
    version,
    enabled: options.ensureWorker ?? true,
    onProblem: options.onProblem,
  });
  return {
    config,
    version,
    clock,
    store,
    listings: openListings(store),
    code,
    engine,
    stack,
    describeVersion,
    describeFlow: (hash, workflow) => flowOf(describeVersion(hash), workflow),
    findExecution: (id) => findExecution(store, id),
    runWorker: (worker) => runWorker({ config, clock, store, engine, version }, worker),
    async close() {
      stack.close();
      await engine.close();
      store.close();
    },
  };
}

async function runWorker(
  { config, clock, store, engine, version }: Pick<App, "config" | "clock" | "store" | "engine" | "version">,
  { kind, concurrency, reservedId, signal, onProblem }: WorkerProcessOptions,
): Promise<void> {
  const stop = Promise.withResolvers<string>();
  const seat = takeSeat(store, clock, { kind, concurrency, version, reservedId, onDrain: stop.resolve, onProblem });
  if (seat === undefined) return onProblem("another process has its place");
  const { leaseMs, keepAliveMs, idleMs } = config.worker;
  const renewer = renewInThread(store.databasePath, onProblem);
  const worker = engine.startWorker({ id: seat.id, concurrency, leaseMs, renewer, onProblem });
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
  const why = await stop.promise;
  onProblem(`stops: ${why}`);
  signal.removeEventListener("abort", asked);
  clearInterval(idleTimer);
  await worker.stop();
  if (!left) seat.leave();
}

function enginePorts(
  code: Code,
  describeVersion: (hash: string) => Version | undefined,
  store: Store,
  config: Config,
): EnginePorts {
  let hash: ((encoded: string) => string) | undefined;
  return {
    async loadFlow(version, workflow) {
      const flow = (await code.load(version, workflow)) as { [flowBrand]: FlowDefinition };
      const described = describeVersion(version);
      return {
        definition: flow[flowBrand],
        dependencyChanges: described === undefined ? {} : code.dependencyChanges(described),
      };
    },
    hashArguments(encoded) {
      // Only a worker needs the key: a process that reads must open without it.
      hash ??= argumentHasher(
        openDataKey(store.settings, (create) => readMasterKey(config.userFolder, config.env, create)),
      );
      return hash(encoded);
    },
  };
}

function readVersion(store: Store, hash: string): Version | undefined {
  const row = store.versions.find(hash);
  return row && (JSON.parse(row.description) as Version);
}

function flowOf(version: Version | undefined, workflow: string): ResolvedFlow | undefined {
  const flow = version && flowNamed(version.flows, workflow);
  return version && flow && { version, flow };
}

function saveVersion(store: Store, clock: Clock, version: Version): void {
  const { hash, sourcePath } = version;
  const description = JSON.stringify(version);
  store.write(() => store.versions.save({ hash, sourcePath, description, createdAt: clock.now() }));
}
