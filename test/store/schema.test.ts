import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { assertDurable, openConnection, openReader } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { migrations, schemaNumber } from "../../src/store/migrations/index.ts";
import { openStore } from "../../src/store/store.ts";
import { temporaryFolder } from "../helpers/engine.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

/** Every table and index as SQLite keeps it; a new migration writes the file anew with `npm test -- -u`. */
function dump(path: string): string {
  const connection = openConnection(path);
  const rows = connection
    .prepare<[], { sql: string }>(
      "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC, name",
    )
    .all();
  connection.close();
  return `-- What all migrations make together; a test compares it.\n${rows.map(({ sql }) => `${sql};\n`).join("\n")}`;
}

test("the migrations make the schema that is committed", async () => {
  openStore(folder.path).close();
  const schema = new URL("../../src/store/schema.sql", import.meta.url);
  await expect(dump(join(folder.path, "savepoint.db"))).toMatchFileSnapshot(fileURLToPath(schema));
});

test("migrations are numbered without a gap", () => {
  expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, index) => index + 1));
});

test("a database of a newer Savepoint is refused with the way out, and left as it is", () => {
  openStore(folder.path).close();
  const path = join(folder.path, "savepoint.db");
  const connection = openConnection(path);
  connection.pragma(`user_version = ${schemaNumber + 1}`);
  connection.close();
  expect(() => openStore(folder.path)).toThrowError(
    expect.objectContaining({ code: "unavailable", hint: expect.stringContaining("update") }),
  );
  const again = openConnection(path);
  expect(again.pragma("user_version", { simple: true })).toBe(schemaNumber + 1);
  again.close();
});

test("migrating twice changes nothing", () => {
  const connection = openConnection(join(folder.path, "twice.db"));
  migrate(connection);
  const before = connection.prepare("SELECT count(*) AS count FROM sqlite_master").get();
  migrate(connection);
  expect(connection.prepare("SELECT count(*) AS count FROM sqlite_master").get()).toEqual(before);
  connection.close();
});

test("every connection is in WAL with synchronous FULL after its first read", () => {
  const path = join(folder.path, "savepoint.db");
  openStore(folder.path).close();
  for (const connection of [openConnection(path), openReader(path)]) {
    connection.prepare("SELECT count(*) FROM executions").get();
    expect(connection.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(connection.pragma("synchronous", { simple: true })).toBe(2);
    connection.close();
  }
});

test("a connection that fell to NORMAL is not taken for durable", () => {
  const connection = openConnection(join(folder.path, "normal.db"));
  connection.pragma("synchronous = NORMAL");
  expect(() => assertDurable(connection)).toThrow(/not durable/);
  connection.close();
});

test("a reader cannot write", () => {
  const store = openStore(folder.path);
  expect(() => store.reader().exec("DELETE FROM executions")).toThrow(/readonly|read-only|query_only/i);
  store.close();
});

test("a file that is no database is refused with a hint", () => {
  const connection = openConnection(join(folder.path, "savepoint.db"));
  connection.close();
  writeFileSync(join(folder.path, "savepoint.db"), "this is no database, and long enough to be looked at".repeat(100));
  expect(() => openStore(folder.path)).toThrowError(expect.objectContaining({ code: "unavailable" }));
});
