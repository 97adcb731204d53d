import { createHash } from "node:crypto";
import type { Connection } from "../src/store/database.ts";
import type { Store } from "../src/store/store.ts";

/** What the store keeps of one execution, as text: the same text, the same record. */
export function dumpOf(store: Store, seq: number): string {
  const connection = store.reader();
  const tables = allTables(connection).filter((table) => table === "executions" || hasColumn(connection, table));
  return JSON.stringify(
    tables.map((table) => {
      const column = table === "executions" ? "seq" : "execution_seq";
      return [table, connection.prepare(`SELECT * FROM "${table}" WHERE ${column} = ?`).raw().all(seq)];
    }),
    null,
    1,
  );
}

/** A short name of everything that a database holds. */
export function digest(connection: Connection): string {
  const hash = createHash("sha256");
  for (const table of allTables(connection)) {
    hash.update(table).update(JSON.stringify(connection.prepare(`SELECT * FROM "${table}"`).raw().all()));
  }
  return hash.digest("base64url");
}

/** The tables of the full-text index hold nothing of their own. */
function allTables(connection: Connection): string[] {
  const names = connection
    .prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => name);
  return names.filter((name) => !name.startsWith("sqlite_") && !/_search(_|$)/.test(name));
}

function hasColumn(connection: Connection, table: string): boolean {
  const columns = connection.prepare<[string], { name: string }>("SELECT name FROM pragma_table_info(?)").all(table);
  return columns.some(({ name }) => name === "execution_seq");
}
