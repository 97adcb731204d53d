import type { Code } from "../code/code.ts";
import type { ListedFlow } from "../code/flow-list.ts";
import type { Config } from "../config.ts";
import type { Connections } from "../connections/connections.ts";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import { createWorkflows, type Workflows } from "../definitions/files/workflows.ts";
import type { Known } from "../definitions/validation/known.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { parseSpec, specAdvice } from "../models/spec.ts";
import type { Secrets } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";

interface Parts extends Surroundings {
  config: Config;
  clock: Clock;
  store: Store;
  code: Code;
  /** Of Savepoint. */
  version: string;
}

interface Surroundings {
  models: ModelRegistry;
  secrets: Secrets;
  connections: Connections;
}

/** Everything that can be run by its name, and the definitions as files. */
export function openWorkflows(
  { config, clock, store, code, version, ...surroundings }: Parts,
  onProblem: ((message: string) => void) | undefined,
): Workflows<ListedFlow> {
  return createWorkflows({
    projectRoot: config.projectRoot,
    folder: config.workflowsFolder,
    version,
    now: () => clock.now(),
    onProblem: (message, cause) => onProblem?.(`${message}: ${messageOf(cause)}`),
    index: {
      load: () => new Map(store.definitions.list().map((row) => [row.path, row])),
      save: (changes) => store.write(() => store.definitions.change(changes)),
    },
    flows: () => code.list(),
    around: () => namesAround(surroundings),
  });
}

/** What definitions may name besides workflows. */
export function namesAround({ models, secrets, connections }: Surroundings): Known {
  return {
    modelProblem: (model) => modelProblem(models, model),
    secrets: new Map(secrets.list().map(({ name, keys }) => [name, keys])),
    servers: connections.serverNames(),
  };
}

/** Why a text is neither an alias nor a model; undefined where it is. */
export function modelProblem({ aliases }: ModelRegistry, model: string): string | undefined {
  if (aliases.find(model) !== undefined || parseSpec(model) !== undefined) return undefined;
  const names = aliases.list().map(({ name }) => name);
  return didYouMean(model, names) ?? specAdvice(model);
}
