import { chmodSync } from "node:fs";
import Database from "better-sqlite3";
import { UserError } from "../core/errors.ts";

export type Connection = Database.Database;

const busyTimeoutMs = 10_000;
const full = 2;

/**
 * Opens a connection on which a commit that returned is on the disk.
 * better-sqlite3 is compiled so that WAL falls to NORMAL at the first access while the pragma still says FULL, so FULL
 * is set after WAL and asserted after a read.
 */
export function openConnection(path: string): Connection {
  const connection = new Database(path, { timeout: busyTimeoutMs });
  try {
    enterWal(connection);
    connection.pragma("synchronous = FULL");
    connection.pragma("foreign_keys = ON");
    connection.prepare("SELECT count(*) FROM sqlite_master").get();
    assertDurable(connection);
    restrict(path);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** SQLite gives the files beside it (-wal, -shm) the mode of the database itself; only its owner may change that. */
function restrict(path: string): void {
  try {
    chmodSync(path, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
}

/** The change to WAL ignores the busy timeout, so processes that open a new file together take turns here. */
function enterWal(connection: Connection): void {
  const giveUpAt = Date.now() + busyTimeoutMs;
  for (;;) {
    try {
      connection.pragma("journal_mode = WAL");
      return;
    } catch (error) {
      if (sqliteCode(error) !== "SQLITE_BUSY" || Date.now() > giveUpAt) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5 + Math.random() * 20);
    }
  }
}

/** @throws Error when a commit on this connection could be lost at a power failure */
export function assertDurable(connection: Connection): void {
  const mode: unknown = connection.pragma("journal_mode", { simple: true });
  const synchronous: unknown = connection.pragma("synchronous", { simple: true });
  if (mode !== "wal" || synchronous !== full) {
    throw new Error(`the database is not durable: journal_mode ${String(mode)}, synchronous ${String(synchronous)}`);
  }
}

/** A connection that can only read: for listings, which may take longer than a write may wait. */
export function openReader(path: string): Connection {
  const connection = openConnection(path);
  connection.pragma("query_only = ON");
  return connection;
}

/** Turns what SQLite says of a file that it cannot work with into something a user can act on. */
export function explainStoreError(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  if (code === "SQLITE_NOTADB" || code === "SQLITE_CORRUPT") {
    return new UserError("unavailable", `${path} is not a readable Savepoint database (${code})`, {
      hint: "Restore it from a backup, or move the .savepoint folder away to start afresh.",
      cause: error,
    });
  }
  if (code === "SQLITE_CANTOPEN" || code?.startsWith("SQLITE_READONLY") || code === "SQLITE_FULL") {
    return new UserError("unavailable", `${path} cannot be written (${code})`, {
      hint: "Check the folder's permissions and the free space of its disk.",
      cause: error,
    });
  }
  return error;
}

export function sqliteCode(error: unknown): string | undefined {
  return error instanceof Database.SqliteError ? error.code : undefined;
}
