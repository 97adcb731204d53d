import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { isInside, posixPath } from "./paths.ts";
import type { Project } from "./project.ts";

/** A place in a file of the project; lines and columns count from 1. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** The innermost place of a (source-mapped) stack that lies in a file of the project. */
export function placeInStack(project: Project, stack: string): Place | undefined {
  for (const [, path, line, column] of stack.matchAll(/^\s+at (?:.*? \()?(.+?):(\d+):(\d+)\)?$/gm)) {
    const file = path === undefined ? undefined : ownFile(project, path);
    if (file !== undefined) return { file, line: Number(line), column: Number(column) };
  }
  return undefined;
}

/** Where an error of linking stands: Node shows the (source-mapped) line and a caret below it, above the stack. */
export function placeInHeader(project: Project, stack: string): Place | undefined {
  const [, path, line, caret] = /^(\S.*):(\d+)\n.*\n( *)\^/.exec(stack) ?? [];
  const file = path === undefined ? undefined : ownFile(project, path);
  if (file === undefined || caret === undefined) return undefined;
  return { file, line: Number(line), column: caret.length + 1 };
}

export function sourceLine(project: Project, { file, line }: Place): string | undefined {
  try {
    return readFileSync(join(project.root, file), "utf8").split(/\r?\n/)[line - 1];
  } catch {
    return undefined;
  }
}

/** The author's files only: not the bundle, not packages, not Savepoint, which may lie in the project as well. */
function ownFile(project: Project, path: string): string | undefined {
  const plain = path.startsWith("file:") ? fileURLToPath(path) : path;
  if (!isAbsolute(plain) || !isInside(project.root, plain)) return undefined;
  const others = [project.versionsFolder, dirname(fileURLToPath(project.savepointEntry)), import.meta.dirname];
  if (others.some((folder) => isInside(folder, plain)) || plain.includes(`${sep}node_modules${sep}`)) return undefined;
  return posixPath(project.root, plain);
}
