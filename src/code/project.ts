import { pathToFileURL } from "node:url";
import { UserError } from "../core/errors.ts";
import { runningEntry } from "./installation.ts";
import { isInside, posixPath, realPath } from "./paths.ts";

/** The folders that everything here works with; symbolic links are resolved once. */
export interface Project {
  root: string;
  versionsFolder: string;
  /** What `import "savepoint"` gives. */
  savepointEntry: URL;
}

export interface ProjectOptions {
  projectRoot: string;
  versionsFolder: string;
  savepointEntry?: URL;
}

export function openProject(options: ProjectOptions): Project {
  return {
    root: realPath(options.projectRoot),
    versionsFolder: realPath(options.versionsFolder),
    savepointEntry: options.savepointEntry ?? runningEntry(),
  };
}

/** The POSIX path of a file relative to the project root; `forbidden` when the file lies outside. */
export function insideProject(project: Project, path: string, shown: string): string {
  const real = realPathOrRefuse(path, shown);
  if (!isInside(project.root, real)) {
    throw new UserError("forbidden", `${JSON.stringify(shown)} lies outside the project`, {
      hint: "Name a file inside the project, by its path relative to the project root. Symbolic links are followed before this is checked.",
    });
  }
  return posixPath(project.root, real);
}

/** Replaces the absolute paths of the project in a text by paths relative to its root. */
export function withoutRoot(project: Project, text: string): string {
  return [`${pathToFileURL(project.root).href}/`, `${project.root}/`, `${project.root}\\`].reduce(
    (rest, prefix) => rest.replaceAll(prefix, ""),
    text,
  );
}

function realPathOrRefuse(path: string, shown: string): string {
  try {
    return realPath(path);
  } catch (error) {
    throw new UserError("invalid_input", `${JSON.stringify(shown)} cannot be followed to a file`, {
      hint: "Name a file by its path relative to the project root.",
      cause: error,
    });
  }
}
