import type { Connection } from "./database.ts";

export interface VersionRow {
  hash: string;
  sourcePath: string;
  /** JSON of what the version exports, written by whoever described it. */
  description: string;
  createdAt: number;
}

export type Versions = ReturnType<typeof versionsTable>;

export function versionsTable(connection: Connection) {
  const insert = connection.prepare(
    "INSERT OR IGNORE INTO versions (hash, source_path, description, created_at) VALUES (?, ?, ?, ?)",
  );
  const find = connection.prepare<
    [string],
    { hash: string; source_path: string; description: string; created_at: number }
  >("SELECT hash, source_path, description, created_at FROM versions WHERE hash = ?");
  return {
    save: (row: VersionRow): void => void insert.run(row.hash, row.sourcePath, row.description, row.createdAt),
    find(hash: string): VersionRow | undefined {
      const row = find.get(hash);
      return (
        row && { hash: row.hash, sourcePath: row.source_path, description: row.description, createdAt: row.created_at }
      );
    },
  };
}
