import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WorkerSettings } from "./worker-process.ts";

const counter = new URL("./statement-counter.ts", import.meta.url);

/** Settings with which a worker process counts its statements. */
export function counting(folder: string): WorkerSettings {
  return { env: { BENCH_STATEMENTS: folder }, nodeOptions: ["--import", fileURLToPath(counter)] };
}

/** Statements that all threads of a process have executed, as of the last second; changes are told of by a poll. */
export function executedBy(pid: number, folder: string): number {
  const files = readdirSync(folder).filter((name) => name.startsWith(`${pid}-`));
  return files.reduce((sum, name) => sum + Number(readFileSync(join(folder, name), "utf8")), 0);
}
