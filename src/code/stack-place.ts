import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bundle } from "./bundle.ts";
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
  for (const [, path, line, column] of stack.matchAll(/^\s+at (?:.*\()?(.+?):(\d+):(\d+)\)?$/gm)) {
    const file = path === undefined ? undefined : ownFile(project, path);
    if (file !== undefined) return { file, line: Number(line), column: Number(column) };
  }
  return undefined;
}

/** Where an error of linking stands: Node shows the line of the bundle and a caret below it. */
export function placeInBundle(project: Project, bundle: Bundle, stack: string): Place | undefined {
  const [, line, caret] = /^file:.*\.mjs(?:\?\S*)?:(\d+)\n.*\n( *)\^/.exec(stack) ?? [];
  if (line === undefined || caret === undefined) return undefined;
  const map = new SourceMap(JSON.parse(bundle.map) as SourceMapPayload);
  const entry = map.findEntry(Number(line) - 1, caret.length);
  if (!("originalSource" in entry) || entry.originalSource === undefined) return undefined;
  const file = ownFile(project, resolve(project.versionsFolder, entry.originalSource));
  return file === undefined ? undefined : { file, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

export function sourceLine(project: Project, { file, line }: Place): string | undefined {
  try {
    return readFileSync(join(project.root, file), "utf8").split(/\r?\n/)[line - 1];
  } catch {
    return undefined;
  }
}

function ownFile(project: Project, path: string): string | undefined {
  const plain = path.startsWith("file:") ? fileURLToPath(path) : path;
  if (!isInside(project.root, plain) || isInside(project.versionsFolder, plain)) return undefined;
  return plain.includes(`${sep}node_modules${sep}`) ? undefined : posixPath(project.root, plain);
}
