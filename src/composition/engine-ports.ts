import { createAgents } from "../agents/agents.ts";
import type { Code } from "../code/code.ts";
import type { Version } from "../code/version.ts";
import type { Config } from "../config.ts";
import type { Clock } from "../core/clock.ts";
import type { EnginePorts } from "../engine/ports.ts";
import { type Flow, type FlowDefinition, flowBrand } from "../flows/flow.ts";
import { createModelCalls } from "../models/model-calls.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { startModelSpan } from "../models/spans.ts";
import { argumentHasher } from "../secrets/data-key.ts";
import type { ProjectKeys } from "../secrets/keys.ts";
import type { Secrets } from "../secrets/vault.ts";
import { cliEntry } from "../stacks/detached.ts";
import { interpreted } from "../steps/interpreter.ts";
import type { StepPorts } from "../steps/ports.ts";
import type { Store } from "../store/store.ts";

/** The code that executions are pinned to: flows as they are, definitions as flows. */
export function flowPorts(
  code: Code,
  describeVersion: (hash: string) => Version | undefined,
  steps: StepPorts,
): Pick<EnginePorts, "loadFlow" | "loadedFlow"> {
  const load = async (version: string, workflow: string): Promise<FlowDefinition> => {
    if (describeVersion(version)?.kind !== "definition") {
      return ((await code.load(version, workflow)) as Flow<never, unknown>)[flowBrand];
    }
    const { definition, functions } = await code.loadDefinition(version);
    return interpreted(definition, { ports: steps, functions });
  };
  return {
    async loadFlow(version, workflow) {
      const definition = await load(version, workflow);
      const described = describeVersion(version);
      return { definition, dependencyChanges: described === undefined ? {} : code.dependencyChanges(described) };
    },
    loadedFlow: (version, workflow) =>
      (code.loaded(version, workflow) as Flow<never, unknown> | undefined)?.[flowBrand],
  };
}

/** Keys of arguments, and values of secrets. */
export function secretPorts(
  keys: () => ProjectKeys,
  secrets: Secrets,
): Pick<EnginePorts, "hashArguments" | "readSecret"> {
  let hash: ((encoded: string) => string) | undefined;
  return {
    hashArguments(encoded) {
      hash ??= argumentHasher(keys().dataKey);
      return hash(encoded);
    },
    readSecret: (name, key, workflow) => secrets.read(name, key, workflow),
  };
}

/** What workflows reach beyond this machine by: models and agents. */
export function outsidePorts(
  { config, clock, store, models }: { config: Config; clock: Clock; store: Store; models: ModelRegistry },
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
    aliasOf: (name) => models.aliases.find(name)?.model,
  });
  return {
    askModel: (request, workplace, callTool) => calls.call(request, workplace, callTool),
    runAgent: (request, workplace) => agents.run(request, workplace),
  };
}
