import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isSavepoint } from "./installation.ts";
import { isMissing, posixPath } from "./paths.ts";
import type { Project } from "./project.ts";

/** A package as Node finds it from a folder. */
export interface FoundPackage {
  version: string;
  /** The folder whose `node_modules` holds it; undefined when the running installation lends it. */
  owner: string | undefined;
}

/** The package of `name`, `name/path` or `@scope/name/path`; undefined when it is none. */
export function packageName(specifier: string): string | undefined {
  return /^(@[a-z0-9~_.-]+\/)?[a-z0-9~_-][a-z0-9~_.-]*(?=\/|$)/i.exec(specifier)?.[0];
}

/** True for packages that a version does not pin by itself: not Node's own modules, not `savepoint`. */
export function isDependency(specifier: string): boolean {
  return !isBuiltin(specifier) && !isSavepoint(specifier);
}

/** Finds a package from a folder as Node does; `zod` is lent by the running installation where there is none. */
export function findPackage(project: Project, name: string, folder: string): FoundPackage | undefined {
  return (
    findUpwards(name, folder) ?? (name === "zod" ? lent(findUpwards(name, installationFolder(project))) : undefined)
  );
}

/**
 * How a version names one of its packages: by its name alone, or, where a file of the bundle sees another copy than
 * the entry file does, with the folder of that copy in front: `packages/util!lodash`.
 */
export function dependencyKey(
  project: Project,
  name: string,
  found: { seen: FoundPackage; entry: FoundPackage | undefined },
): string {
  const { seen, entry } = found;
  if (seen.owner === undefined || seen.owner === entry?.owner) return name;
  return `${posixPath(project.root, seen.owner)}!${name}`;
}

/** The version that a dependency has today; undefined when it is gone. */
export function versionToday(project: Project, key: string, entryFolder: string): string | undefined {
  const at = key.indexOf("!");
  const folder = at === -1 ? entryFolder : join(project.root, key.slice(0, at));
  return findPackage(project, key.slice(at + 1), folder)?.version;
}

function installationFolder(project: Project): string {
  return dirname(fileURLToPath(project.savepointEntry));
}

function lent(found: FoundPackage | undefined): FoundPackage | undefined {
  return found === undefined ? undefined : { version: found.version, owner: undefined };
}

function findUpwards(name: string, folder: string): FoundPackage | undefined {
  const version =
    basename(folder) === "node_modules" ? undefined : installedVersion(join(folder, "node_modules", name));
  if (version !== undefined) return { version, owner: folder };
  const parent = dirname(folder);
  return parent === folder ? undefined : findUpwards(name, parent);
}

function installedVersion(folder: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const version = typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : "";
    return typeof version === "string" && version !== "" ? version : "0.0.0";
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (error instanceof SyntaxError) return "0.0.0";
    throw error;
  }
}
