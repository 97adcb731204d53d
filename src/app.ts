import { type Code, createCode } from "./code/code.ts";
import type { ListedFlow } from "./code/flow-list.ts";
import type { ResolvedFlow, Version } from "./code/version.ts";
import { removeVersionFiles } from "./code/version-files.ts";
import { type AnswerLinks, createAnswerLinks } from "./composition/answer-links.ts";
import { modelProblem, namesAround, openWorkflows } from "./composition/definition-catalogue.ts";
import { flowPorts, outsidePorts, secretPorts } from "./composition/engine-ports.ts";
import { stepPorts } from "./composition/step-ports.ts";
import { flowOf, readVersion, saveVersion } from "./composition/versions.ts";
import { runWorker, type WorkerProcessOptions } from "./composition/worker-process.ts";
import { type Config, type ConfigSource, readConfig } from "./config.ts";
import { createConnections } from "./connections/connections.ts";
import type { Clock } from "./core/clock.ts";
import { systemClock } from "./core/clock.ts";
import { packageVersion } from "./core/runtime.ts";
import type { Workflows } from "./definitions/files/workflows.ts";
import type { WorkflowDefinition } from "./definitions/model/definition.ts";
import { findExecution } from "./engine/control/find.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import type { SoleRunEnd, SoleRunOptions } from "./engine/worker/sole-run.ts";
import { startTraceExport } from "./models/exporter.ts";
import { environmentKeys } from "./models/keys.ts";
import { patientFetch } from "./models/patient-fetch.ts";
import { type ModelRegistry, openModelRegistry } from "./models/registry.ts";
import { guardSecrets } from "./secrets/guard.ts";
import type { KeyPlace } from "./secrets/key-place.ts";
import { SecretPages } from "./secrets/pages.ts";
import { openProjectKeys } from "./secrets/project-keys.ts";
import { valuesFromEnv, valuesFromFiles } from "./secrets/sources.ts";
import { openVault, type Secrets } from "./secrets/vault.ts";
import { createLocalStack, type LocalStack } from "./stacks/local.ts";
import type { Fixtures } from "./steps/fixtures/fixtures.ts";
import { type DefinitionPlan, type PlanRequest, planDefinition } from "./steps/plan.ts";
import { workspaceOf } from "./steps/workspace.ts";
import { type Cleaned, clean } from "./store/clean.ts";
import type { Execution } from "./store/execution.ts";
import { type Listings, openListings } from "./store/listings.ts";
import { openStore, type Store } from "./store/store.ts";

export { definitionJsonSchema } from "./definitions/json-schema.ts";
export { runExitCodes } from "./engine/worker/isolated-run.ts";
export { guardUserCode } from "./engine/worker/user-code-guard.ts";
export { Fixtures } from "./steps/fixtures/fixtures.ts";

/** Every service of a project, built once and passed on. */
export interface App {
  readonly config: Config;
  /** The version of Savepoint. */
  readonly version: string;
  readonly clock: Clock;
  readonly store: Store;
  readonly listings: Listings;
  readonly code: Code;
  /** Flows and definitions by their names; definitions as files. */
  readonly workflows: Workflows<ListedFlow>;
  readonly engine: Engine;
  readonly stack: LocalStack;
  readonly secrets: Secrets;
  /** Short names, keys and prices of models. */
  readonly models: ModelRegistry;
  /** Where the values of a new secret may come from without passing through the caller. */
  readonly secretSources: SecretSources;
  /** Pages on which a person types values of a new secret, which only that page and the store ever see. */
  readonly secretPages: SecretPages;
  /** Links to pages of the HTTP server on which a person answers one wait. */
  readonly answerLinks: AnswerLinks;
  /** What this workflow version exports; undefined when the version is unknown. */
  describeVersion(hash: string): Version | undefined;
  /** What a run of a definition would do, without doing it. */
  planDefinition(definition: WorkflowDefinition, request: PlanRequest): DefinitionPlan;
  /** The flow that a worker loads for a workflow's name in a version; undefined when there is none. */
  describeFlow(hash: string, workflow: string): ResolvedFlow | undefined;
  /** The execution with this id or unique beginning of one. @throws UserError `not_found` or `ambiguous` */
  findExecution(id: string): Execution;
  /** What is wrong with the name of a model, in a few words; undefined: nothing. */
  modelProblem(model: string): string | undefined;
  /** @throws UserError where it is no folder of the project in which steps may work */
  checkWorkspace(path: string): void;
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

export interface AppOptions extends ConfigSource {
  clock?: Clock;
  /** Whether this process sees to it that a worker lives; default true. */
  ensureWorker?: boolean;
  /** Stands for the network where models are asked; default: the real one. */
  modelFetch?: typeof globalThis.fetch;
  /** What stands for the steps of a definition that is tested. */
  fixtures?: Fixtures;
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
    definitions: {
      named: (name) => workflows.files.named(name),
      names: () => workflows.files.names(),
      around: () => namesAround({ models, secrets, connections }),
      known: () => workflows.files.known(),
    },
  });
  const secrets = openVault({ store, keys, place, clock });
  const secretPages = new SecretPages();
  const models = openModelRegistry({ store, clock, env: config.env, prices: config.models.prices, secrets });
  const connections = createConnections({
    projectRoot: config.projectRoot,
    env: config.env,
    servers: config.mcpServers,
    fetch: patientFetch,
    protection: store.protection,
  });
  const workflows = openWorkflows(
    { config, clock, store, code, models, secrets, version, connections },
    options.onProblem,
  );
  const outside = outsidePorts({ config, clock, store, models }, options.modelFetch);
  const answerLinks = createAnswerLinks(config, store, keys);
  const steps = {
    ...stepPorts({ config, store, code, answerLinks, connections }, options.modelFetch),
    fixtures: options.fixtures,
  };
  const flows = flowPorts(code, describeVersion, steps);
  const ports = { ...flows, ...secretPorts(keys, secrets), ...outside };
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
    workflows,
    engine,
    stack,
    secrets,
    models,
    secretSources: {
      fromEnv: (wanted) => valuesFromEnv(config.env, wanted),
      fromFiles: (wanted, by) => valuesFromFiles(config, wanted, by),
    },
    secretPages,
    answerLinks,
    describeVersion,
    planDefinition: (definition, request) =>
      planDefinition(definition, {
        request,
        ports: {
          projectRoot: config.projectRoot,
          env: config.env,
          now: () => clock.now(),
          chooseModel: (asked, place) => models.choose(asked, place),
        },
      }),
    describeFlow: (hash, workflow) => flowOf(describeVersion(hash), workflow),
    findExecution: (id) => findExecution(store, id),
    modelProblem: (model) => modelProblem(models, model),
    checkWorkspace: (path) => void workspaceOf({ ports: config, settings: { workspace: path } }),
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
      await connections.close();
      store.close();
    },
  };
}

function keyPlace({ userFolder, env, secrets }: Config, onProblem: KeyPlace["onProblem"]): KeyPlace {
  return { folder: userFolder, env, keyStore: secrets.keyStore, onProblem };
}
