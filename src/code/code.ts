import { dirname, join } from "node:path";
import type { DefinitionModule } from "./definition-bundle.ts";
import type { DefinitionFiles } from "./definition-versions.ts";
import { type FlowList, listFlows } from "./flow-list.ts";
import { createLoader } from "./load.ts";
import { versionToday } from "./packages.ts";
import { openProject, type Project, type ProjectOptions } from "./project.ts";
import { resolveTarget } from "./resolve-target.ts";
import type { ResolvedFlow, Version, VersionCatalog } from "./version.ts";
import { createVersions } from "./versions.ts";

export interface CodeOptions extends ProjectOptions {
  catalog: VersionCatalog;
  /** Default: there are no definitions that have a name. */
  definitions?: DefinitionFiles;
  /** How long a file may take to load while it is described; 10 s when absent. */
  describeLimitMs?: number;
}

/** How a dependency differs from what a version was bundled with; `now` is null when it is gone. */
export interface DependencyChange {
  was: string;
  now: string | null;
}

export interface Code {
  /** The workflow that a target means, with its version bundled, kept and described. */
  resolve(target: string): Promise<ResolvedFlow>;
  /** All flows under `flows/`. */
  list(): Promise<FlowList>;
  /** The flow object of a version, imported into this process: for workers only. */
  load(hash: string, flowName: string): Promise<unknown>;
  /** What a definition's version holds, with its functions imported into this process: for workers only. */
  loadDefinition(hash: string): Promise<DefinitionModule>;
  /** The flow object of a version that was loaded before; undefined when its name does not mean one flow. */
  loaded(hash: string, flowName: string): unknown;
  /** External packages of a version whose version is another one today. */
  dependencyChanges(version: Version): Record<string, DependencyChange>;
}

export function createCode(options: CodeOptions): Code {
  const project = openProject(options);
  const { catalog, definitions = noDefinitions, describeLimitMs = 10_000 } = options;
  const versions = createVersions(project, { catalog, definitions, describeLimitMs });
  const { load, loaded, loadDefinition } = createLoader(project, catalog);
  return {
    resolve: (target) => resolveTarget(project, target, { versions, definitions }),
    list: () => listFlows(project, versions),
    load,
    loaded,
    loadDefinition,
    dependencyChanges: (version) => dependencyChanges(project, version),
  };
}

const noDefinitions: DefinitionFiles = {
  named: () => [],
  names: () => [],
  around: () => ({}),
  known: async () => ({}),
};

function dependencyChanges(project: Project, version: Version): Record<string, DependencyChange> {
  const entryFolder = dirname(join(project.root, version.sourcePath));
  const changes: Record<string, DependencyChange> = {};
  for (const [key, was] of Object.entries(version.dependencies)) {
    const now = versionToday(project, key, entryFolder) ?? null;
    if (now !== was) changes[key] = { was, now };
  }
  return changes;
}
