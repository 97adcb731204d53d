import { isAbsolute } from "node:path";
import type { OnResolveArgs, OnResolveResult, PartialMessage, Plugin, PluginBuild } from "esbuild";
import { importFrom } from "./import-from.ts";
import { isSavepoint } from "./installation.ts";
import { dependencyKey, findPackage, isDependency, packageName } from "./packages.ts";
import { isInside, posixPath, realPath } from "./paths.ts";
import type { Project } from "./project.ts";

/** What an error of a plugin says beside its text. */
export interface ImportProblem {
  code: "forbidden" | "invalid_input";
  hint: string;
}

/**
 * Decides on every import of a bundle: local files come in, if they lie inside the project; packages stay imports,
 * and their versions are collected into `dependencies`.
 */
export function importsPlugin(project: Project, entryFolder: string, dependencies: Map<string, string>): Plugin {
  return {
    name: "savepoint-imports",
    setup(build) {
      build.onResolve({ filter: /.*/ }, async (args) => {
        if (args.kind === "entry-point" || args.pluginData === resolving) return undefined;
        if (isSavepoint(args.path)) return { path: args.path, external: true };
        const found = await resolveAsEsbuildDoes(build, args);
        if (found === undefined) return undefined;
        return found.external === true
          ? packageImport({ project, entryFolder, dependencies }, args, found)
          : localImport(project, args, found);
      });
    },
  };
}

const resolving = Symbol("resolving");

interface Importing {
  project: Project;
  entryFolder: string;
  dependencies: Map<string, string>;
}

/** Undefined where esbuild finds nothing: asked again, it makes the error, or the warning inside of `try`. */
async function resolveAsEsbuildDoes(build: PluginBuild, args: OnResolveArgs): Promise<OnResolveResult | undefined> {
  const { path, importer, resolveDir, kind, namespace } = args;
  const found = await build.resolve(path, {
    importer,
    resolveDir,
    kind,
    namespace,
    with: args.with,
    pluginData: resolving,
  });
  if (found.errors.length > 0) return undefined;
  return {
    path: found.path,
    external: found.external,
    namespace: found.namespace,
    suffix: found.suffix,
    sideEffects: found.sideEffects,
  };
}

function packageImport(importing: Importing, args: OnResolveArgs, found: OnResolveResult): OnResolveResult {
  const specifier = found.path ?? args.path;
  if (!isDependency(specifier)) return found;
  const name = packageName(specifier);
  if (name === undefined) return refused(urlProblem(specifier));
  const { project, entryFolder, dependencies } = importing;
  const seen = findPackage(project, name, args.resolveDir);
  if (seen === undefined) return args.kind === "import-statement" ? refused(missingPackage(name)) : found;
  const key = dependencyKey(project, name, { seen, entry: findPackage(project, name, entryFolder) });
  dependencies.set(key, seen.version);
  return key === name || seen.owner === undefined
    ? found
    : { ...found, path: importFromFolder(entryFolder, seen.owner, specifier) };
}

function importFromFolder(entryFolder: string, owner: string, specifier: string): string {
  return `${importFrom}${posixPath(entryFolder, owner) || "."}/!${specifier}`;
}

function localImport(project: Project, args: OnResolveArgs, found: OnResolveResult): OnResolveResult {
  if (found.namespace !== "file" || found.path === undefined || !isAbsolute(found.path)) return found;
  if (isInside(project.root, realPath(found.path))) return found;
  return refused({
    text: `The import of ${JSON.stringify(args.path)} leads outside the project`,
    detail: {
      code: "forbidden",
      hint: "Move the file into the project, or install it as a package of the project.",
    } satisfies ImportProblem,
  });
}

/** esbuild adds the place of the import to an error of its plugins. */
function refused(problem: PartialMessage): OnResolveResult {
  return { errors: [problem] };
}

function missingPackage(name: string): PartialMessage {
  return {
    text: `The package "${name}" is not installed`,
    detail: {
      code: "invalid_input",
      hint: `Run \`npm install ${name}\` in the project, or correct the import if a file was meant: a path begins with "./".`,
    } satisfies ImportProblem,
  };
}

function urlProblem(specifier: string): PartialMessage {
  return {
    text: `${JSON.stringify(specifier)} cannot be imported`,
    detail: {
      code: "invalid_input",
      hint: "Import a file of the project by its path, or a package by its name.",
    } satisfies ImportProblem,
  };
}
