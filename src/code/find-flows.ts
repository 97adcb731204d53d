import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { isInside, posixPath, realPath } from "./paths.ts";
import type { Project } from "./project.ts";

/** A file that may hold flows, by its text. */
export interface Candidate {
  file: string;
  text: string;
}

const mostFiles = 1_000;
const deepest = 12;
const largestBytes = 2 * 1024 * 1024;

/** The files under `flows/` that call `flow(...)` somewhere. */
export function findCandidates(project: Project): { candidates: Candidate[]; complete: boolean } {
  const { files, complete } = findFlowFiles(project);
  const candidates = files
    .map((file) => ({ file, text: textOf(join(project.root, file)) }))
    .filter(({ text }) => /\bflow(\s*[<(]|\s+as\b)/.test(text));
  return { candidates, complete };
}

/** The source files under `flows/`, at most a thousand, each under its real path; tests and declarations left out. */
export function findFlowFiles(project: Project): { files: string[]; complete: boolean } {
  const files = new Set<string>();
  walk(join(project.root, "flows"), 0);
  return { files: [...files].sort(), complete: files.size < mostFiles };

  function walk(folder: string, depth: number): void {
    for (const entry of entriesOf(folder)) {
      if (files.size >= mostFiles) return;
      if (entry.isDirectory() && depth < deepest && !isSkipped(entry.name)) walk(join(folder, entry.name), depth + 1);
      else if (isFlowFile(entry.name)) add(join(folder, entry.name), entry);
    }
  }

  function add(path: string, entry: Dirent): void {
    const real = entry.isSymbolicLink() ? linkedFile(project, path) : path;
    if (real !== undefined && (entry.isFile() || entry.isSymbolicLink())) files.add(posixPath(project.root, real));
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isSkipped(folder: string): boolean {
  return folder === "node_modules" || folder.startsWith(".");
}

function isFlowFile(name: string): boolean {
  return /\.(ts|mts|js|mjs)$/.test(name) && !/\.(d|test|spec)\.m?[jt]s$/.test(name) && !basename(name).startsWith(".");
}

/** Links to files inside the project are followed, once; links to folders are not, they may run in circles. */
function linkedFile(project: Project, path: string): string | undefined {
  try {
    const real = realPath(path);
    return isInside(project.root, real) && statSync(real).isFile() ? real : undefined;
  } catch {
    return undefined;
  }
}

function textOf(path: string): string {
  try {
    return statSync(path).size > largestBytes ? "" : readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
