import { existsSync, lstatSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { kebab } from "../dialects/definition.ts";
import { type Problem, problemsOf, startOfFile } from "../problem.ts";
import { largestFileBytes } from "../reading/document.ts";
import { stemOf } from "../reading/stem.ts";
import { type ValidatedDefinition, validateDefinition } from "../validate.ts";
import type { Known } from "../validation/known.ts";
import { outsidePath } from "../validation/paths.ts";
import { type DefinitionFile, listDefinitionFiles } from "./listing.ts";
import { readSource } from "./source.ts";

export interface ListedDefinition extends ValidatedDefinition {
  name: string;
  file: DefinitionFile;
  /** What the file says; undefined where it could not be read. */
  text: string | undefined;
}

export interface Catalogue {
  definitions: ListedDefinition[];
  /** Of all files, also of those that are no definitions. */
  problems: Problem[];
}

/** Reads and validates every definition of a folder. Of two with one name the first by path keeps it. */
export function readCatalogue(folder: string, known: Known = {}): Catalogue {
  const { files, problems } = listDefinitionFiles(folder);
  const byName = new Map<string, ListedDefinition>();
  for (const file of files) {
    const read = readDefinitionFile(folder, file, known);
    const first = byName.get(read.name);
    if (first === undefined) byName.set(read.name, read);
    else problems.push(...duplicate(read, first));
    problems.push(...read.problems);
  }
  return { definitions: [...byName.values()], problems };
}

/** Reads and validates one file of a workflows folder. */
export function readDefinitionFile(folder: string, file: DefinitionFile, known: Known = {}): ListedDefinition {
  const fallback = kebab(stemOf(file.path)) ?? stemOf(file.path);
  const reading = readSource(folder, file.path);
  if (!("source" in reading)) {
    return { name: fallback, file, text: undefined, definition: undefined, problems: reading.problems };
  }
  const home = dirname(join(folder, file.path));
  const beside = { hasModule: moduleFinder(home), moduleText: moduleReader(home) };
  const validated = validateDefinition(reading.source, { ...beside, ...known });
  return { ...validated, name: validated.name ?? fallback, file, text: reading.source.text };
}

/** Whether a module lies beside a definition. */
export function moduleFinder(home: string): (module: string) => boolean {
  return (module) => !outsidePath(module) && existsSync(join(home, module));
}

/** What a module beside a definition says; undefined where it is no plain file, or very long. */
export function moduleReader(home: string): (module: string) => string | undefined {
  return (module) => {
    if (outsidePath(module)) return undefined;
    const stats = lstatSync(join(home, module), { throwIfNoEntry: false });
    return stats?.isFile() && stats.size <= largestFileBytes ? readFileSync(join(home, module), "utf8") : undefined;
  };
}

/** Two files of one name: the one that comes first by path keeps it. */
export function duplicate(
  { name, file }: { name: string; file: DefinitionFile },
  first: { file: DefinitionFile },
): Problem[] {
  const message = `the name ${name} is taken by ${first.file.path}`;
  const hint = "Give one of them another name.";
  return problemsOf(file.path, [{ code: "duplicate_name", at: startOfFile, field: "name", message, hint }]);
}
