import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import Database from "better-sqlite3";

// Loaded into a process before anything else, and into each of its threads: counts the statements that SQLite executes,
// but for the poll for changes, and writes the number into a file once a second.

const folder = process.env["BENCH_STATEMENTS"];
if (folder === undefined) throw new Error("BENCH_STATEMENTS names no folder");
mkdirSync(folder, { recursive: true });
const file = join(folder, `${process.pid}-${threadId}`);
let executed = 0;

const probe = new Database(":memory:");
const statements: Record<string, (...parameters: unknown[]) => unknown> = Object.getPrototypeOf(
  probe.prepare("SELECT 1"),
);
probe.close();
for (const method of ["run", "get", "all", "iterate"]) {
  const execute = statements[method];
  statements[method] = function counted(this: Database.Statement, ...parameters: unknown[]) {
    if (!this.source.startsWith("PRAGMA data_version")) executed++;
    return execute?.apply(this, parameters);
  };
}

setInterval(() => writeFileSync(file, String(executed)), 1_000).unref();
