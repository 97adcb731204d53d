import { AsyncLocalStorage } from "node:async_hooks";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../core/errors.ts";
import { brandOf, declaredFlows } from "./brand.ts";
import type { DefinitionModule } from "./definition-bundle.ts";
import { codeOf } from "./paths.ts";
import { type Project, withoutRoot } from "./project.ts";
import { resolveAsSource } from "./resolve-hooks.ts";
import { flowNamed, type Version, type VersionCatalog } from "./version.ts";
import { missingVersion, verifyVersionFile, versionUrl } from "./version-files.ts";

/** A version in this process: what its entry exports, and every flow that was declared while it was loaded. */
interface Loaded {
  exports: Record<string, unknown>;
  declared: readonly unknown[];
}

/** Loads pinned versions into this process; each is loaded once. */
export function createLoader(project: Project, catalog: VersionCatalog) {
  const loading = new Map<string, Promise<Loaded>>();
  const done = new Map<string, { version: Version; module: Loaded }>();
  const attempts = new Map<string, number>();
  const declarations = declarationsOfFlows();

  return {
    async loadDefinition(hash: string): Promise<DefinitionModule> {
      const { exports } = await moduleOf(known(hash));
      // Verified by its hash, and made by this program.
      return exports as unknown as DefinitionModule;
    },

    async load(hash: string, flowName: string): Promise<unknown> {
      const version = known(hash);
      const flow = flowIn(version, await moduleOf(version), flowName);
      if (flow !== undefined) return flow;
      throw new UserError(
        "not_found",
        `${version.sourcePath} has no flow ${JSON.stringify(flowName)} in its version ${hash.slice(0, 12)}`,
        {
          details: { flows: version.flows.map((flow) => flow.name) },
        },
      );
    },

    loaded(hash: string, flowName: string): unknown {
      const before = done.get(hash);
      return before && flowIn(before.version, before.module, flowName);
    },
  };

  function known(hash: string): Version {
    const version = catalog.find(hash);
    if (version === undefined) throw missingVersion(hash, undefined);
    return version;
  }

  function moduleOf(version: Version): Promise<Loaded> {
    const begun = loading.get(version.hash);
    if (begun !== undefined) return begun;
    const importing = importVersion(version);
    loading.set(version.hash, importing);
    importing.then(
      (module) => done.set(version.hash, { version, module }),
      () => loading.delete(version.hash),
    );
    return importing;
  }

  async function importVersion(version: Version): Promise<Loaded> {
    await verifyVersionFile(project, version);
    const url = versionUrl(project, version.hash);
    process.setSourceMapsEnabled(true);
    resolveAsSource(url, {
      source: pathToFileURL(join(project.root, version.sourcePath)).href,
      savepointEntry: project.savepointEntry.href,
    });
    const declared: unknown[] = [];
    try {
      const importing = () => import(/* @vite-ignore */ url + retry(version.hash));
      return { exports: (await declarations.run(declared, importing)) as Loaded["exports"], declared };
    } catch (error) {
      throw missingImport(project, version, error) ?? error;
    }
  }

  /** Node remembers a module that failed for as long as it runs; under another URL it is tried again. */
  function retry(hash: string): string {
    const attempt = attempts.get(hash) ?? 0;
    attempts.set(hash, attempt + 1);
    return attempt === 0 ? "" : `?attempt=${attempt}`;
  }
}

/** What the entry exports under the name, else the one flow of that name among all that its files declare. */
function flowIn(version: Version, { exports, declared }: Loaded, name: string): unknown {
  const exportName = flowNamed(version.flows, name)?.exportName;
  const exported = exportName === undefined ? undefined : exports[exportName];
  if (brandOf(exported) !== undefined) return exported;
  const named = declared.filter((flow) => brandOf(flow)?.name === name);
  return named.length === 1 ? named[0] : undefined;
}

/** One storage in the whole process: `flow(...)` finds it there. */
function declarationsOfFlows(): AsyncLocalStorage<unknown[]> {
  const shared = globalThis as unknown as Record<symbol, AsyncLocalStorage<unknown[]> | undefined>;
  shared[declaredFlows] ??= new AsyncLocalStorage();
  return shared[declaredFlows];
}

function missingImport(project: Project, version: Version, error: unknown): UserError | undefined {
  if (codeOf(error) !== "ERR_MODULE_NOT_FOUND" || !(error instanceof Error)) return undefined;
  const name = /^Cannot find package '([^']+)'/.exec(error.message)?.[1];
  return new UserError(
    "unavailable",
    `${version.sourcePath} cannot be loaded: ${withoutRoot(project, error.message)}`,
    {
      hint: name === undefined ? "Bring the missing file back." : `Run \`npm install ${name}\` in the project.`,
      details: { file: version.sourcePath, ...(name !== undefined && { package: name }) },
      cause: error,
    },
  );
}
