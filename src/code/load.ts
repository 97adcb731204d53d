import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../core/errors.ts";
import { brandOf } from "./brand.ts";
import { codeOf } from "./paths.ts";
import { type Project, withoutRoot } from "./project.ts";
import { resolveAsSource } from "./resolve-hooks.ts";
import { flowNamed, type Version, type VersionCatalog } from "./version.ts";
import { missingVersion, verifyVersionFile, versionUrl } from "./version-files.ts";

type Module = Record<string, unknown>;

/** Loads pinned versions into this process; each is loaded once. */
export function createLoader(project: Project, catalog: VersionCatalog) {
  const modules = new Map<string, Promise<Module>>();
  const attempts = new Map<string, number>();

  return { load };

  async function load(hash: string, flowName: string): Promise<unknown> {
    const version = catalog.find(hash);
    if (version === undefined) throw missingVersion(hash, undefined);
    const exportName = flowNamed(version.flows, flowName)?.exportName;
    const value = exportName === undefined ? undefined : (await moduleOf(version))[exportName];
    if (brandOf(value) !== undefined) return value;
    throw new UserError(
      "not_found",
      `${version.sourcePath} has no flow ${JSON.stringify(flowName)} in its version ${hash.slice(0, 12)}`,
      {
        details: { flows: version.flows.map((flow) => flow.name) },
      },
    );
  }

  function moduleOf(version: Version): Promise<Module> {
    const known = modules.get(version.hash);
    if (known !== undefined) return known;
    const loading = importVersion(version);
    modules.set(version.hash, loading);
    loading.catch(() => modules.delete(version.hash));
    return loading;
  }

  async function importVersion(version: Version): Promise<Module> {
    await verifyVersionFile(project, version);
    const url = versionUrl(project, version.hash);
    process.setSourceMapsEnabled(true);
    resolveAsSource(url, {
      source: pathToFileURL(join(project.root, version.sourcePath)).href,
      savepointEntry: project.savepointEntry.href,
    });
    try {
      return (await import(/* @vite-ignore */ url + retry(version.hash))) as Module;
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
