import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The entry of the installation that is running: sources beside sources, built files beside built files. */
export function runningEntry(): URL {
  return new URL(`../index${extname(import.meta.url)}`, import.meta.url);
}

export function isSavepoint(specifier: string): boolean {
  return specifier === "savepoint" || specifier.startsWith("savepoint/");
}

/** The URL of `savepoint` or `savepoint/…` in the running installation; undefined when it exports no such path. */
export function savepointUrl(specifier: string, entry: string): string | undefined {
  if (specifier === "savepoint") return entry;
  const root = packageRoot(dirname(fileURLToPath(entry)));
  const target = root === undefined ? undefined : exportTarget(root, `.${specifier.slice("savepoint".length)}`);
  if (root === undefined || target === undefined) return undefined;
  return pathToFileURL(join(root, extname(entry) === ".ts" ? sourceOf(target) : target)).href;
}

function packageRoot(folder: string): string | undefined {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : packageRoot(parent);
}

function exportTarget(root: string, path: string): string | undefined {
  const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return conditional(property(property(manifest, "exports"), path));
}

function conditional(target: unknown): string | undefined {
  if (typeof target === "string") return target;
  const chosen = property(target, "import") ?? property(target, "node") ?? property(target, "default");
  return chosen === undefined ? undefined : conditional(chosen);
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;
}

/** Of a built file the source that it is built from: what runs from sources has nothing built beside it. */
function sourceOf(target: string): string {
  return target.replace(/^\.\/dist\//, "./src/").replace(/\.js$/, ".ts");
}
