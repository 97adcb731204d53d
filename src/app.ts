import { createAgents } from "./agents/agents.ts";
import { type Code, createCode } from "./code/code.ts";
import { flowNamed, type ResolvedFlow, type Version } from "./code/version.ts";
import { removeVersionFiles } from "./code/version-files.ts";
import { type Config, type ConfigSource, readConfig } from "./config.ts";
import type { Clock } from "./core/clock.ts";
import { systemClock } from "./core/clock.ts";
import { packageVersion } from "./core/runtime.ts";
import { findExecution } from "./engine/control/find.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import type { EnginePorts } from "./engine/ports.ts";
import { renewInThread } from "./engine/worker/lease-thread.ts";
import type { Isolation } from "./engine/worker/run.ts";
import type { SoleRunEnd, SoleRunOptions } from "./engine/worker/sole-run.ts";
import { type Flow, flowBrand } from "./flows/flow.ts";
import { startTraceExport } from "./models/exporter.ts";
import { environmentKeys } from "./models/keys.ts";
import { createModelCalls } from "./models/model-calls.ts";
import { type ModelRegistry, openModelRegistry } from "./models/registry.ts";
import { startModelSpan } from "./models/spans.ts";
import { argumentHasher } from "./secrets/data-key.ts";
import { guardSecrets } from "./secrets/guard.ts";
import type { KeyPlace } from "./secrets/key-place.ts";
import type { ProjectKeys } from "./secrets/keys.ts";
import { SecretPages } from "./secrets/pages.ts";
import { openProjectKeys } from "./secrets/project-keys.ts";
import { valuesFromEnv, valuesFromFiles } from "./secrets/sources.ts";
import { openVault, type Secrets } from "./secrets/vault.ts";
import { cliEntry } from "./stacks/detached.ts";
import { isolatedProgram } from "./stacks/isolated.ts";
import { createLocalStack, type LocalStack } from "./stacks/local.ts";
import { takeSeat } from "./stacks/seat.ts";
import { type Cleaned, clean } from "./store/clean.ts";
import type { Execution } from "./store/execution.ts";
import { type Listings, openListings } from "./store/listings.ts";
import { openStore, type Store } from "./store/store.ts";

export { runExitCodes } from "./engine/worker/isolated-run.ts";
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
  readonly secrets: Secrets;
  /** Short names, keys and prices of models. */
  readonly models: ModelRegistry;
  /** Where the values of a new secret may come from without passing through the caller. */
  readonly secretSources: SecretSources;
  /** Pages on which a person types values of a new secret, which only that page and the store ever see. */
  readonly secretPages: SecretPages;
  /** What this workflow version exports; undefined when the version is unknown. */
  describeVersion(hash: string): Version | undefined;
  /** The flow that a worker loads for a workflow's name in a version; undefined when there is none. */
  describeFlow(hash: string, workflow: string): ResolvedFlow | undefined;
  /** The execution with this id or unique beginning of one. @throws UserError `not_found` or `ambiguous` */
  findExecution(id: string): Execution;
  /** Removes executions that ended so long ago, with what belongs to them alone. */
  clean(options: { olderThanMs: number; isDryRun: boolean }): Promise<Cleaned>;
  /** Runs executions in this process until it is told to stop, drained, or idle for long enough. */
  runWorker(options: WorkerProcessOptions): Promise<void>;
  /** Runs one activation of an execution for the worker that holds it and has started this process. */
  runSolely(options: SoleRunOptions): Promise<SoleRunEnd>;
  close(): Promise<void>;
}

/**
 * The environment as it is, for `openApp`; from then on the process that runs user code no longer has the master key
 * in its own.
 */
export function takeMasterKey(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  delete process.env["SAVEPOINT_MASTER_KEY"];
  return env;
}

export interface SecretSources {
  /** Key to the name of an environment variable of this process. */
  fromEnv(wanted: Record<string, string>): Record<string, string>;
  /** Key to a path: in the project for an agent, relative to the working directory and anywhere for a person. */
  fromFiles(wanted: Record<string, string>, by: "agent" | "person"): Record<string, string>;
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

export interface AppOptions extends ConfigSource {
  clock?: Clock;
  /** Whether this process sees to it that a worker lives; default true. */
  ensureWorker?: boolean;
  /** Stands for the network where models are asked; default: the real one. */
  modelFetch?: typeof globalThis.fetch;
  /** Told what goes wrong with starting workers. */
  onProblem?: (message: string) => void;
}

/** @throws UserError when the project cannot be opened */
export async function openApp(options: AppOptions = {}): Promise<App> {
  const config = readConfig(options);
  const clock = options.clock ?? systemClock;
  const version = packageVersion();
  const place = keyPlace(config, options.onProblem);
  const keys = openProjectKeys(() => store.settings, place);
  const store: Store = openStore(config.stateFolder, {
    capBytes: config.payloads.maxBytes,
    protect: (parts) => guardSecrets(parts, keys, { environment: environmentKeys(config.env), clock }),
  });
  const describeVersion = (hash: string) => readVersion(store, hash);
  const code = createCode({
    projectRoot: config.projectRoot,
    versionsFolder: config.versionsFolder,
    catalog: { find: describeVersion, save: (found) => saveVersion(store, clock, found) },
  });
  const secrets = openVault({ store, keys, place, clock });
  const secretPages = new SecretPages();
  const models = openModelRegistry({ store, clock, env: config.env, prices: config.models.prices, secrets });
  const outside = outsidePorts({ config, clock, store, models }, options.modelFetch);
  const ports = { ...enginePorts(code, describeVersion, keys, secrets), ...outside };
  const engine = createEngine({ store, clock, ports });
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
    secrets,
    models,
    secretSources: {
      fromEnv: (wanted) => valuesFromEnv(config.env, wanted),
      fromFiles: (wanted, by) => valuesFromFiles(config, wanted, by),
    },
    secretPages,
    describeVersion,
    describeFlow: (hash, workflow) => flowOf(describeVersion(hash), workflow),
    findExecution: (id) => findExecution(store, id),
    clean: ({ olderThanMs, isDryRun }) =>
      clean(store, {
        now: clock.now(),
        before: clock.now() - olderThanMs,
        isDryRun,
        removeVersionFiles: (hash) => removeVersionFiles(config.versionsFolder, hash),
      }),
    runWorker: (worker) => runWorker({ config, clock, store, engine, version, describeVersion }, worker),
    async runSolely(options) {
      const traces = await startTraceExport({ env: config.env, version, onProblem: options.onProblem });
      const end = await engine.runSolely(options);
      await traces?.shutdown();
      return end;
    },
    async close() {
      stack.close();
      secretPages.close();
      await engine.close();
      store.close();
    },
  };
}

async function runWorker(
  app: Pick<App, "config" | "clock" | "store" | "engine" | "version" | "describeVersion">,
  { kind, concurrency, reservedId, signal, logDescriptor = 2, onProblem }: WorkerProcessOptions,
): Promise<void> {
  const { config, clock, store, engine, version } = app;
  const stop = Promise.withResolvers<string>();
  const seat = takeSeat(store, clock, { kind, concurrency, version, reservedId, onDrain: stop.resolve, onProblem });
  if (seat === undefined) return onProblem("another process has its place");
  const { leaseMs, keepAliveMs, idleMs } = config.worker;
  const renewer = renewInThread({ databasePath: store.databasePath, logDescriptor }, onProblem);
  const isolation = isolationOf(app, logDescriptor);
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
  { config, describeVersion }: Pick<App, "config" | "describeVersion">,
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

function keyPlace({ userFolder, env, secrets }: Config, onProblem: KeyPlace["onProblem"]): KeyPlace {
  return { folder: userFolder, env, keyStore: secrets.keyStore, onProblem };
}

function enginePorts(
  code: Code,
  describeVersion: (hash: string) => Version | undefined,
  keys: () => ProjectKeys,
  secrets: Secrets,
): Omit<EnginePorts, "askModel" | "runAgent"> {
  let hash: ((encoded: string) => string) | undefined;
  return {
    async loadFlow(version, workflow) {
      const flow = (await code.load(version, workflow)) as Flow<never, unknown>;
      const described = describeVersion(version);
      return {
        definition: flow[flowBrand],
        dependencyChanges: described === undefined ? {} : code.dependencyChanges(described),
      };
    },
    loadedFlow: (version, workflow) =>
      (code.loaded(version, workflow) as Flow<never, unknown> | undefined)?.[flowBrand],
    hashArguments(encoded) {
      hash ??= argumentHasher(keys().dataKey);
      return hash(encoded);
    },
    readSecret: (name, key, workflow) => secrets.read(name, key, workflow),
  };
}

/** What workflows reach beyond this machine by: models and agents. */
function outsidePorts(
  { config, clock, store, models }: Pick<App, "config" | "clock" | "store" | "models">,
  fetch: typeof globalThis.fetch | undefined,
): Pick<EnginePorts, "askModel" | "runAgent"> {
  const { env } = config;
  const { resolve } = models;
  const calls = createModelCalls({ store, clock, env, resolve, startSpan: startModelSpan, ...(fetch && { fetch }) });
  const agents = createAgents({
    store,
    clock,
    env,
    projectRoot: config.projectRoot,
    serverProgram: { command: process.execPath, args: [cliEntry, "mcp", "--project", config.projectRoot] },
    costOf: (model, usage) => models.costOf("anthropic", model, usage),
  });
  return {
    askModel: (request, workplace, callTool) => calls.call(request, workplace, callTool),
    runAgent: (request, workplace) => agents.run(request, workplace),
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
