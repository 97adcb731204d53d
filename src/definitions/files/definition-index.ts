import { type Stats, statSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "../problem.ts";
import { duplicate, readDefinitionFile } from "./catalogue.ts";
import { type DefinitionFile, listDefinitionFiles } from "./listing.ts";
import { type DefinitionSummary, parseSummary, summaryFormat, summaryOf } from "./summary.ts";

/** Keeps what was read of files; it may lose all of it at any time. */
export interface DefinitionIndex {
  /** By path. */
  load(): ReadonlyMap<string, { stamp: string; summary: string }>;
  save(changes: { put: { path: string; stamp: string; summary: string }[]; remove: string[] }): void;
}

export interface IndexOptions {
  index: DefinitionIndex;
  /** The folder as the index names it, so that two folders of a project do not share entries. */
  prefix: string;
  /** The version of Savepoint: another one may read files otherwise. */
  version: string;
  now: () => number;
  /** Told that the index cannot be used; the list is complete all the same. */
  onProblem: (message: string, cause: unknown) => void;
}

export interface IndexedDefinition extends DefinitionSummary {
  file: DefinitionFile;
}

export interface DefinitionListing {
  /** By path. Of two with one name the first keeps it. */
  definitions: IndexedDefinition[];
  /** Of the folder: files that are not read, names that are taken. */
  problems: Problem[];
}

/** A file that was touched so lately could be written again without its times showing it. */
const unsettledMs = 2_000;

/** Every definition of a folder. What the index knows of a file that has not changed since is not read again. */
export function listDefinitions(folder: string, options: IndexOptions): DefinitionListing {
  const { files, problems } = listDefinitionFiles(folder);
  const known = loaded(options);
  const put: { path: string; stamp: string; summary: string }[] = [];
  const byName = new Map<string, IndexedDefinition>();
  const stale = new Set(known.keys());
  for (const file of files) {
    const path = `${options.prefix}/${file.path}`;
    const stamp = stampOf(join(folder, file.path), options);
    const row = known.get(path);
    const kept = row !== undefined && row.stamp === stamp ? parseSummary(row.summary) : undefined;
    const summary = kept ?? read(folder, file);
    if (stamp !== undefined) stale.delete(path);
    if (stamp !== undefined && kept === undefined) put.push({ path, stamp, summary: JSON.stringify(summary) });
    const first = byName.get(summary.name);
    if (first === undefined) byName.set(summary.name, { ...summary, file });
    else problems.push(...duplicate({ name: summary.name, file }, first));
  }
  if (put.length + stale.size > 0) saved(options, { put, remove: [...stale] });
  return { definitions: [...byName.values()], problems };
}

function loaded({ index, onProblem }: IndexOptions): ReturnType<DefinitionIndex["load"]> {
  try {
    return index.load();
  } catch (error) {
    onProblem("the index of definitions cannot be read", error);
    return new Map();
  }
}

function saved({ index, onProblem }: IndexOptions, changes: Parameters<DefinitionIndex["save"]>[0]): void {
  try {
    index.save(changes);
  } catch (error) {
    onProblem("the index of definitions cannot be written", error);
  }
}

function read(folder: string, file: DefinitionFile): DefinitionSummary {
  // Whether modules and other workflows are there can change without the file: that is asked when it is validated.
  return summaryOf(readDefinitionFile(folder, file, { hasModule: undefined }));
}

/** Undefined where the file is not there, or where its times do not yet tell one content from the next. */
function stampOf(path: string, { version, now }: IndexOptions): string | undefined {
  const stats = statsOf(path);
  if (stats === undefined) return undefined;
  const { size, mtimeMs, ctimeMs, ino } = stats;
  if (now() - Math.max(mtimeMs, ctimeMs) < unsettledMs) return undefined;
  return [summaryFormat(version), size, mtimeMs, ctimeMs, ino].join(" ");
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // A link that leads to itself, or a folder that may not be entered: reading the file tells it.
    return undefined;
  }
}
