import { readdirSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import type { BuildFailure, Location, Message } from "esbuild";
import { type ErrorCode, UserError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import type { ImportProblem } from "./imports.ts";
import { type Project, withoutRoot } from "./project.ts";

/** What esbuild found wrong, as an error with file, line and source line; anything else is passed on as it is. */
export function bundleProblem(project: Project, failure: unknown): unknown {
  const first = isBuildFailure(failure) ? failure.errors[0] : undefined;
  if (!isBuildFailure(failure) || first === undefined) return failure;
  const own = ownProblem(first);
  const place = first.location === null ? undefined : placeOf(first.location);
  return new UserError(own?.code ?? "invalid_input", line(project, first), {
    hint: own?.hint ?? hintFor(project, first),
    details: {
      ...place,
      ...(failure.errors.length > 1 && { problems: failure.errors.slice(0, 10).map((error) => line(project, error)) }),
    },
  });
}

function isBuildFailure(failure: unknown): failure is BuildFailure {
  return failure instanceof Error && "errors" in failure && Array.isArray(failure.errors);
}

function line(project: Project, { text, location }: Message): string {
  const words = withoutRoot(project, text);
  if (location === null) return words;
  const { file, line, column } = placeOf(location);
  return `${file}:${line}:${column}: ${words}`;
}

/** esbuild counts columns from 0 in UTF-8 bytes; editors count from 1 in characters. */
function placeOf({ file, line, column, lineText }: Location) {
  const before = Buffer.from(lineText).subarray(0, column).toString();
  return { file: file.split(sep).join("/"), line, column: before.length + 1, source_line: lineText };
}

function ownProblem({ detail }: Message): { code: ErrorCode; hint: string } | undefined {
  const known: unknown = detail;
  if (typeof known !== "object" || known === null || !("code" in known) || !("hint" in known)) return undefined;
  return known as ImportProblem;
}

function hintFor(project: Project, error: Message): string {
  const unresolved = /^Could not resolve "(\.{1,2}\/[^"]*)"/.exec(error.text)?.[1];
  if (unresolved !== undefined) return pathHint(project, unresolved, error.location?.file);
  if (error.text.startsWith("No loader is configured")) {
    return 'Read such a file at run time instead: readFile(new URL("./file", import.meta.url)).';
  }
  const suggestion = error.location?.suggestion;
  if (suggestion !== undefined && suggestion !== "") return `Did you mean ${suggestion}?`;
  return "Correct the file at this place and make the same call again.";
}

function pathHint(project: Project, path: string, importer: string | undefined): string {
  const from = importer === undefined ? "the importing file" : importer;
  const folder = join(project.root, importer === undefined ? "." : dirname(importer), dirname(path));
  const near = didYouMean(
    `${dirname(path)}/${basename(path)}`,
    filesOf(folder).map((name) => `${dirname(path)}/${name}`),
  );
  return near ?? `There is no such file; the path is relative to ${from}.`;
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, 500);
  } catch {
    return [];
  }
}
