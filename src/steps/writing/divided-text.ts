import type { FileToWrite } from "../written-files.ts";

const fileLine = /^\s*={3,}\s*FILE\s*:\s*(.+?)\s*={3,}\s*$/i;
const endLine = /^\s*={3,}\s*END(?:\s+(?:OF\s+)?FILE)?(?:\s*:.*?)?\s*={3,}\s*$/i;
/** Three or more of one mark, what the block is written in, and the rest of the line. */
const openFence = /^\s{0,3}(`{3,}|~{3,})\s*([^\s`]*)[ \t]*([^`]*)$/;

/**
 * The files in a text as models write them: after lines `=== FILE: path ===` up to the next one or `=== END ===`;
 * where there are none, the fenced blocks whose first line names a path.
 */
export function dividedFiles(text: string): FileToWrite[] {
  const lines = text.split(/\r?\n/);
  const marked = markedFiles(lines);
  return marked.length > 0 ? marked : fencedFiles(lines);
}

interface Marked {
  path: string;
  lines: string[];
}

function markedFiles(lines: readonly string[]): FileToWrite[] {
  const files: Marked[] = [];
  let current: Marked | undefined;
  /** The mark of a fence that was opened in front of a file, and ends it. */
  let fence: string | undefined;
  for (const line of lines) {
    const path = fileLine.exec(line)?.[1];
    if (path !== undefined) {
      current = { path: bare(path), lines: [] };
      files.push(current);
    } else if (endLine.test(line)) current = undefined;
    else if (fence !== undefined && closes(line, fence)) fence = current = undefined;
    else if (current !== undefined) current.lines.push(line);
    else fence ??= openFence.exec(line)?.[1];
  }
  return files.map(({ path, lines: inside }) => ({ path, content: contentOf(withoutFence(trimmed(inside))) }));
}

/** Models often fence what they have marked already. Only a fence around all of it goes. */
function withoutFence(lines: readonly string[]): readonly string[] {
  const [, mark] = openFence.exec(lines[0] ?? "") ?? [];
  if (mark === undefined) return lines;
  const end = lines.findIndex((line, index) => index > 0 && closes(line, mark));
  return end === lines.length - 1 ? lines.slice(1, -1) : lines;
}

function fencedFiles(lines: readonly string[]): FileToWrite[] {
  const files: FileToWrite[] = [];
  for (let index = 0; index < lines.length; index++) {
    const [, mark, language = "", rest = ""] = openFence.exec(lines[index] ?? "") ?? [];
    if (mark === undefined) continue;
    const end = lines.findIndex((line, at) => at > index && closes(line, mark));
    const stop = end < 0 ? lines.length : end;
    const path = pathIn(language, rest);
    if (path !== undefined && end > 0) files.push({ path, content: contentOf(lines.slice(index + 1, stop)) });
    index = stop;
  }
  return files;
}

function closes(line: string, mark: string): boolean {
  const end = line.trim();
  return end.length >= mark.length && end === mark.charAt(0).repeat(end.length);
}

/** "ts src/main.ts", "ts:src/main.ts", "ts title=src/main.ts" or, without a language, "src/main.ts". */
function pathIn(language: string, rest: string): string | undefined {
  const named = /(?:^|\s)(?:title|file|filename|path)\s*=\s*("[^"]+"|'[^']+'|\S+)/.exec(`${language} ${rest}`)?.[1];
  if (named !== undefined) return bare(named);
  if (rest.trim() !== "") return looksLikePath(rest) ? bare(rest) : undefined;
  const after = /^[\w+#-]+:(.+)$/.exec(language)?.[1] ?? language;
  return looksLikePath(after) ? bare(after) : undefined;
}

function looksLikePath(text: string): boolean {
  return /^[^\s{}]*[./\\][^\s{}]*[^\s{}./\\]$/.test(bare(text));
}

/** Without the quotes and marks that models put around names. */
function bare(path: string): string {
  return path.trim().replace(/^(["'`*]+)(.*?)\1$/, "$2");
}

function trimmed(lines: readonly string[]): readonly string[] {
  const first = lines.findIndex((line) => line.trim() !== "");
  const last = lines.findLastIndex((line) => line.trim() !== "");
  return first < 0 ? [] : lines.slice(first, last + 1);
}

function contentOf(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}
