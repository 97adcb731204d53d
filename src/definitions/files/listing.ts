import { type Dirent, readdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../core/errors.ts";
import { type Problem, problemsOf, startOfFile } from "../problem.ts";

/** A file that holds a definition. */
export interface DefinitionFile {
  /** Relative to the workflows folder, with slashes. */
  path: string;
  /** The folder of a definition that has one, relative as well: its modules lie there. */
  folder: string | undefined;
}

export interface FileListing {
  files: DefinitionFile[];
  problems: Problem[];
}

/** Of several files for one definition the first of these counts. */
export const extensions = [".toml", ".yaml", ".yml", ".md"];

/**
 * The definitions of a folder, by path: `daily-brief.md`, or `daily_brief/workflow.md` with modules beside it. Where
 * one is written twice, its folder counts before its file, and TOML before YAML before Markdown; the others are
 * told as problems. A folder that is not there holds none. Links are followed when a file is read.
 */
export function listDefinitionFiles(folder: string): FileListing {
  const problems: Problem[] = [];
  const entries = entriesOf(folder, "", problems)
    .filter(({ name }) => !isLeftAlone(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const found = new Map<string, DefinitionFile[]>();
  for (const entry of entries) {
    for (const file of filesOf(folder, entry, problems)) {
      const key = keyOf(file);
      found.set(key, [...(found.get(key) ?? []), file]);
    }
  }
  const files: DefinitionFile[] = [];
  for (const candidates of found.values()) {
    const [first, ...others] = candidates.sort((a, b) => rank(a) - rank(b));
    if (first === undefined) continue;
    files.push(first);
    problems.push(...others.flatMap((other) => shadowed(other, first)));
  }
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), problems };
}

/** Whether an entry of the folder is no definition, whatever it holds. */
export function isLeftAlone(name: string): boolean {
  return /^[._]/.test(name) || /^readme\.md$/i.test(name);
}

function entriesOf(folder: string, path: string, problems: Problem[]): Dirent[] {
  try {
    return readdirSync(join(folder, path), { withFileTypes: true });
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isMissing) {
      const message = `the folder cannot be read: ${messageOf(error).replaceAll(folder, "")}`;
      problems.push(...problemsOf(path, [{ code: "not_readable", at: startOfFile, field: "", message }]));
    }
    return [];
  }
}

/** A link may lead to a file or a folder: its name tells which is meant. */
function filesOf(folder: string, entry: Dirent, problems: Problem[]): DefinitionFile[] {
  const isNamedAsFile = extensionOf(entry.name) !== undefined;
  if (!entry.isDirectory()) return isNamedAsFile ? [{ path: entry.name, folder: undefined }] : [];
  return entriesOf(folder, entry.name, problems)
    .filter(({ name }) => extensions.some((extension) => name === `workflow${extension}`))
    .map(({ name }) => ({ path: `${entry.name}/${name}`, folder: entry.name }));
}

function extensionOf(path: string): string | undefined {
  return extensions.find((extension) => path.endsWith(extension));
}

export function isSameDefinition(a: DefinitionFile, b: DefinitionFile): boolean {
  return keyOf(a) === keyOf(b);
}

/** `daily-brief.md` and `daily_brief/workflow.md` are one definition. */
function keyOf({ path, folder }: DefinitionFile): string {
  const stem = folder ?? path.slice(0, -(extensionOf(path)?.length ?? 0));
  return stem.toLowerCase().replaceAll("_", "-");
}

function rank({ path, folder }: DefinitionFile): number {
  return (folder === undefined ? extensions.length : 0) + extensions.indexOf(extensionOf(path) ?? "");
}

function shadowed({ path }: DefinitionFile, by: DefinitionFile): Problem[] {
  const message = `the file is not read: ${by.path} is the same definition`;
  const hint = "Keep one of them, or rename the other.";
  return problemsOf(path, [{ severity: "warning", code: "shadowed_file", at: startOfFile, field: "", message, hint }]);
}
