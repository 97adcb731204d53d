import { lstatSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { kebab } from "../dialects/definition.ts";
import { nameForm } from "../model/fields.ts";
import type { Problem } from "../problem.ts";
import { validateDefinition } from "../validate.ts";
import type { Known } from "../validation/known.ts";
import { moduleFinder, moduleReader } from "./catalogue.ts";
import type { DefinitionListing } from "./definition-index.ts";
import { type DefinitionFile, isLeftAlone, isSameDefinition } from "./listing.ts";
import { type Folders, shownPath, withShownPaths } from "./place.ts";
import { type DefinitionText, sourceOfText } from "./text-source.ts";
import { writeFiles } from "./writing.ts";

export interface SaveRequest extends DefinitionText {
  name: string;
  /** Whether a definition of this name may be there already; its file is then written over. */
  overwrite: boolean;
  /** Files beside it, by their names: a new definition gets a folder of its own then. */
  modules?: Readonly<Record<string, string>> | undefined;
}

export interface SavedDefinition {
  name: string;
  /** Relative to the project. */
  path: string;
  isNew: boolean;
  /** Warnings: it would not have been written otherwise. */
  problems: Problem[];
}

export interface SavePlace {
  folders: Folders;
  listing: DefinitionListing;
  known: Known;
}

/**
 * Writes a definition into the workflows folder, where nothing is wrong with it.
 * @throws UserError `invalid_input` with all problems, `conflict` where the name is taken, `forbidden` where a
 * link leads out or the folder cannot be written, `unavailable` where there is no room
 */
export function saveDefinition(request: SaveRequest, { folders, listing, known }: SavePlace): SavedDefinition {
  const { name, text, overwrite, modules = {} } = request;
  refuseOtherNames(name);
  refuseReadme(name);
  const fresh = freshFile(request);
  const { path, isNew } = destination(fresh, { name, overwrite, folders, listing });
  const home = dirname(join(folders.folder, path));
  const [hasBeside, textBeside] = [moduleFinder(home), moduleReader(home)];
  const hasModule = (module: string) => Object.hasOwn(modules, module) || hasBeside(module);
  const moduleText = (module: string) => (Object.hasOwn(modules, module) ? modules[module] : textBeside(module));
  const validated = validateDefinition({ path, text }, { ...known, hasModule, moduleText });
  const problems = withShownPaths(validated.problems, folders, folders.folder);
  refuseProblems(name, problems);
  if (validated.name !== name) throw otherName(name, validated.name);
  const shown = shownPath({ base: folders.folder, path }, folders);
  const there = writeFiles({ path, shown, text, modules, isNew }, name, folders);
  if (there !== undefined) throw taken(name, shownPath({ base: folders.folder, path: there }, folders));
  return { name, path: shown, isNew, problems };
}

function refuseOtherNames(name: string): void {
  if (nameForm.test(name)) return;
  const meant = kebab(name);
  throw new UserError("invalid_input", "name must be in kebab-case: small letters and digits, with - between words", {
    hint: meant === undefined ? "For example release-notes." : `Write ${meant}.`,
    details: { field: "name" },
  });
}

/** Its file would never be read. */
function refuseReadme(name: string): void {
  if (!isLeftAlone(`${name}.md`)) return;
  throw new UserError("invalid_input", `${name} cannot be the name of a definition: ${name}.md is left alone`, {
    hint: "The folder's own README may be called so. Choose another name.",
    details: { field: "name" },
  });
}

function freshFile(request: SaveRequest): DefinitionFile {
  const { path } = sourceOfText(request);
  const { name, modules } = request;
  return modules === undefined
    ? { path, folder: undefined }
    : { path: `${name}/workflow${extname(path)}`, folder: name };
}

/** The file that holds the definition already, or a new one. */
function destination(
  fresh: DefinitionFile,
  { name, overwrite, folders, listing }: Pick<SaveRequest, "name" | "overwrite"> & Omit<SavePlace, "known">,
): { path: string; isNew: boolean } {
  const { folder } = folders;
  const shown = (path: string) => shownPath({ base: folder, path }, folders);
  const held = listing.definitions.find((one) => one.name === name)?.file;
  if (held === undefined) {
    const other = listing.definitions.find(({ file }) => isSameDefinition(file, fresh));
    if (other !== undefined) throw taken(other.name, shown(other.file.path));
    const entry = fresh.folder ?? fresh.path;
    if (isThere(join(folder, entry))) throw taken(undefined, shown(entry));
    return { path: fresh.path, isNew: true };
  }
  if (!overwrite) {
    throw new UserError("conflict", `there is a definition ${name} already: ${shown(held.path)}`, {
      hint: "Replace it with overwrite, or choose another name.",
      details: { field: "name" },
    });
  }
  if (formatOf(held.path) === formatOf(fresh.path)) return { path: held.path, isNew: false };
  throw new UserError("conflict", `${name} is written in ${shown(held.path)}, and the text is not in that format`, {
    hint: `Pass it as ${formatOf(held.path)}, or remove the file first.`,
    details: { field: "format" },
  });
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // What stands in the way is told when the file is written.
    return false;
  }
}

function formatOf(path: string): string {
  const formats: Record<string, string> = { ".toml": "toml", ".yaml": "yaml", ".yml": "yaml" };
  return formats[extname(path)] ?? "markdown";
}

function refuseProblems(name: string, problems: readonly Problem[]): void {
  const errors = problems.filter(({ severity }) => severity === "error");
  const [first] = errors;
  if (first === undefined) return;
  const others = errors.length === 1 ? "" : ` (and ${errors.length - 1} more)`;
  throw new UserError("invalid_input", `text: line ${first.line}: ${first.message}${others}`, {
    hint: `Nothing was written. Mend all that details.problems tells${first.hint === undefined ? "" : `; here: ${first.hint}`}`,
    details: { field: "text", name, problems: problems.slice(0, 100) },
  });
}

function otherName(name: string, own: string | undefined): UserError {
  return new UserError("invalid_input", `the text calls itself ${own}, and not ${name}`, {
    hint: `Write name: ${name} into it, leave its name out, or pass ${own} as name.`,
    details: { field: "name" },
  });
}

function taken(name: string | undefined, path: string): UserError {
  const what = name === undefined ? "" : `, which holds ${name}`;
  return new UserError("conflict", `there is a file ${path} already${what}`, {
    hint: "Choose another name, or move that file away.",
    details: { field: "name" },
  });
}
