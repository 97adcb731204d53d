import type { Connection } from "../../src/store/database.ts";

/** Tables whose rows belong to one execution, with what is counted up by the database itself. */
const owned = { journal: "", events: "id", logs: "id", execution_tags: "" };
/** Deadlines of the copies lie so far apart. */
const apartMs = 1_000;

/**
 * Copies the executions of a project, with every row that belongs to them, until there are so many. The project holds
 * nothing else, and its executions wait.
 */
export function copyUntil(connection: Connection, wanted: number): void {
  const real = Number(connection.prepare("SELECT count(*) FROM executions").pluck().get());
  if (wanted % real !== 0) throw new Error(`${wanted} is no multiple of ${real}`);
  const bound = { real, copies: wanted / real - 1 };
  connection.transaction(() => {
    connection.prepare(copyExecutions(connection)).run(bound);
    for (const [table, counted] of Object.entries(owned)) {
      connection.prepare(copyOwned(connection, table, counted)).run(bound);
    }
    connection.prepare(indexWords).run(bound);
  })();
  connection.pragma("wal_checkpoint(TRUNCATE)");
}

const copies = "WITH RECURSIVE copies (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < :copies)";

function copyExecutions(connection: Connection): string {
  const values: Record<string, string> = {
    seq: "seq + n * :real",
    id: "substr(id, 1, 24) || printf('%012x', seq + n * :real)",
    wake_at: `wake_at + n * ${apartMs}`,
  };
  return copy(connection, { table: "executions", values, counted: "" });
}

function copyOwned(connection: Connection, table: string, counted: string): string {
  const values: Record<string, string> = {
    execution_seq: "execution_seq + n * :real",
    due_at: `due_at + n * ${apartMs}`,
  };
  return copy(connection, { table, values, counted });
}

function copy(
  connection: Connection,
  { table, values, counted }: { table: string; values: Record<string, string>; counted: string },
): string {
  const columns = connection.prepare<[], { name: string }>(`SELECT name FROM pragma_table_info('${table}')`).all();
  const names = columns.map(({ name }) => name).filter((name) => name !== counted);
  const selected = names.map((name) => values[name] ?? name);
  return `${copies} INSERT INTO ${table} (${names}) SELECT ${selected} FROM copies CROSS JOIN ${table}`;
}

/** The words that the store itself puts into the index. */
const indexWords = `
INSERT INTO executions_search (rowid, text)
SELECT seq, concat_ws(' ', id, workflow, target, tags, input) FROM executions WHERE seq > :real`;
