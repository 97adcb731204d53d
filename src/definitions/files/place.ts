import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { UserError } from "../../core/errors.ts";
import type { Problem } from "../problem.ts";

/** A project and its workflows folder. */
export interface Folders {
  projectRoot: string;
  /** Absolute; inside the project. */
  folder: string;
}

/** Where a file lies: relative to the workflows folder, or to the project where it is elsewhere in it. */
export interface FilePlace {
  base: string;
  path: string;
}

const extensions = [".md", ".markdown", ".toml", ".yaml", ".yml"];

/** Whether a text names a file, and not a workflow. */
export function isDefinitionPath(text: string): boolean {
  return /[\\/]/.test(text) || extensions.some((extension) => text.toLowerCase().endsWith(extension));
}

/** @throws UserError `forbidden` for a path that leads out of the project, `invalid_input` for no definition's */
export function placeOf(text: string, { projectRoot, folder }: Folders): FilePlace {
  const way = relative(projectRoot, resolve(projectRoot, text));
  if (leadsOut(way)) {
    throw new UserError("forbidden", "the path leads out of the project", {
      hint: "Only files of the project are read: copy the file into the workflows folder.",
      details: { field: "path" },
    });
  }
  if (!extensions.some((extension) => way.toLowerCase().endsWith(extension))) {
    throw new UserError("invalid_input", `${way} cannot hold a definition`, {
      hint: `Definitions are files ending in ${extensions.filter((one) => one !== ".markdown").join(", ")}.`,
      details: { field: "path" },
    });
  }
  const inFolder = relative(folder, join(projectRoot, way));
  const isInFolder = !leadsOut(inFolder);
  return { base: isInFolder ? folder : projectRoot, path: slashed(isInFolder ? inFolder : way) };
}

/** Whether the way from a folder to another place leaves the folder. */
export function leadsOut(way: string): boolean {
  return way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way);
}

/** A file as callers see it: relative to the project, with slashes. */
export function shownPath(place: FilePlace, { projectRoot }: Folders): string {
  return slashed(relative(projectRoot, join(place.base, place.path)));
}

/** The problems of files of the folder with paths that callers can use. */
export function withShownPaths(problems: readonly Problem[], folders: Folders, base: string): Problem[] {
  return problems.map((problem) => ({ ...problem, file: shownPath({ base, path: problem.file }, folders) }));
}

function slashed(path: string): string {
  return path.replaceAll(sep, "/");
}
