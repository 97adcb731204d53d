import { type Bundle, bundleFile } from "./bundle.ts";
import { type DefinitionFiles, definitionVersion } from "./definition-versions.ts";
import { describeBundle } from "./describe.ts";
import type { Project } from "./project.ts";
import { isDefinition } from "./targets.ts";
import type { Version, VersionCatalog } from "./version.ts";
import { keepVersionFiles } from "./version-files.ts";

/** Makes versions of files: read and bundled at every call, described once per hash. */
export interface Versions {
  of(sourcePath: string): Promise<Version>;
  /** The same for a look at many files: what could not be described a moment ago is not tried again. */
  glance(sourcePath: string): Promise<Version>;
}

export interface VersionsOptions {
  catalog: VersionCatalog;
  definitions: DefinitionFiles;
  describeLimitMs: number;
}

const failureLastsMs = 60_000;

export function createVersions(project: Project, { catalog, definitions, describeLimitMs }: VersionsOptions): Versions {
  const describing = new Map<string, Promise<Version>>();
  const failures = new Map<string, { error: unknown; at: number }>();

  return {
    async of(sourcePath) {
      if (isDefinition(sourcePath)) return definitionVersion(project, sourcePath, { catalog, definitions });
      return versionOf(await kept(sourcePath));
    },
    async glance(sourcePath) {
      const bundle = await kept(sourcePath);
      const failure = failures.get(bundle.hash);
      if (failure !== undefined && performance.now() - failure.at < failureLastsMs) throw failure.error;
      return versionOf(bundle);
    },
  };

  async function kept(sourcePath: string): Promise<Bundle> {
    const bundle = await bundleFile(project, sourcePath);
    await keepVersionFiles(project, bundle);
    return bundle;
  }

  function versionOf(bundle: Bundle): Version | Promise<Version> {
    return catalog.find(bundle.hash) ?? describing.get(bundle.hash) ?? describe(bundle);
  }

  function describe(bundle: Bundle): Promise<Version> {
    const version = describeAndSave(bundle).finally(() => describing.delete(bundle.hash));
    describing.set(bundle.hash, version);
    return version;
  }

  async function describeAndSave(bundle: Bundle): Promise<Version> {
    const { hash, sourcePath, dependencies } = bundle;
    try {
      const version = { hash, sourcePath, dependencies, ...(await describeBundle(project, bundle, describeLimitMs)) };
      catalog.save(version);
      failures.delete(hash);
      return version;
    } catch (error) {
      failures.set(hash, { error, at: performance.now() });
      throw error;
    }
  }
}
