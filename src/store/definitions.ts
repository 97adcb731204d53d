import type { Connection } from "./database.ts";
import type { Protection } from "./protection.ts";

/** What is known of a workflow file as it was when it bore this stamp. */
export interface DefinitionRow {
  /** Relative to the project, with slashes. */
  path: string;
  /** Tells this content of the file from every other. */
  stamp: string;
  /** JSON, written by whoever read the file. */
  summary: string;
}

export interface DefinitionChanges {
  put: readonly DefinitionRow[];
  remove: readonly string[];
}

export type Definitions = ReturnType<typeof definitionsTable>;

export function definitionsTable(connection: Connection, protection: Protection) {
  const all = connection.prepare<[], DefinitionRow>("SELECT path, stamp, summary FROM definitions");
  const put = connection.prepare("INSERT OR REPLACE INTO definitions (path, stamp, summary) VALUES (?, ?, ?)");
  const remove = connection.prepare("DELETE FROM definitions WHERE path = ?");
  return {
    list: (): DefinitionRow[] => all.all(),

    /** A summary that holds a known secret is not kept: its file is read again each time. */
    change({ put: rows, remove: paths }: DefinitionChanges): void {
      for (const { path, stamp, summary } of rows) {
        if (protection.redact(summary) === summary) put.run(path, stamp, summary);
        else remove.run(path);
      }
      for (const path of paths) remove.run(path);
    },
  };
}
