import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { openStore } from "../../src/store/store.ts";
import { createClock } from "../../src/testing/clock.ts";
import { digest } from "../dump.ts";
import { programFlow } from "../programs/flow.ts";
import { makeProgram } from "../programs/generator.ts";
import { randomOf } from "../programs/random.ts";
import { worldOf } from "../programs/surroundings.ts";
import { scenario } from "../scenario.ts";
import { toTheEnd } from "../simulated/drive.ts";
import { type EngineProcess, openProcess } from "../simulated/process.ts";

/** What was acknowledged, in order: how long the log was then, and what the database held. */
export interface Commit {
  walBytes: number;
  digest: string;
}

/** A database and its log as they lie on the disk while frames of the log are not in the database yet. */
export interface Recording {
  database: string;
  wal: Buffer;
  frameBytes: number;
  commits: Commit[];
}

export const headerBytes = 32;
const frameHeaderBytes = 24;
const programs = 12;

/** Runs the scenario and some programs, and keeps what each commit left. */
export async function record(folder: string, seed: number): Promise<Recording> {
  const commits: Commit[] = [];
  const source = join(folder, "source");
  const clock = createClock();
  const { flow, others } = scenario(() => {});
  const program = programFlow({ body: () => ({ saw: () => {} }), ran: () => {}, isMended: () => false });
  const note = () => commits.push({ walBytes: walBytes(source), digest: digest(own.store.reader()) });
  const own: EngineProcess = openProcess(source, [flow, ...others, program], {
    clock,
    onWrite(write) {
      const written = write();
      note();
      return written;
    },
  });
  try {
    emptyLog(own.store.databasePath);
    note();
    await own.start(flow, undefined, { idempotencyKey: "scenario" });
    for (let index = 0; index < programs; index++) {
      const input = { ...makeProgram(randomOf(seed + index)), end: "returns" as const };
      await own.start(program, input, { idempotencyKey: `program ${index}` });
    }
    own.work({ id: "worker", leaseMs: 1_000_000_000 });
    const people = worldOf(randomOf(seed), { isLeaping: false, isMeddled: false });
    const world = { ...people, reactTo: (wait: string) => people.reactTo(wait) ?? answerOf(wait) };
    await toTheEnd({ process: own, clock, world, isOver: () => false });
    return keep(own, folder, commits);
  } finally {
    await own.close();
  }
}

/** Opens a copy of the database with this log. @returns the digest of what it holds, once it is found whole */
export function openWith({ database }: Recording, wal: Buffer, folder: string): string {
  const copy = join(folder, "copy");
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy);
  copyFileSync(database, join(copy, "savepoint.db"));
  writeFileSync(join(copy, "savepoint.db-wal"), wal);
  const store = openStore(copy);
  try {
    const found: unknown = store.reader().pragma("integrity_check", { simple: true });
    if (found !== "ok") throw new Error(`integrity_check: ${String(found)}`);
    return digest(store.reader());
  } finally {
    store.close();
  }
}

/** What a database must hold whose log is whole up to this byte: the last commit that ends before it, exactly. */
export function prefixAt({ commits }: Recording, wholeBytes: number): Commit {
  const last = commits.findLast(({ walBytes: end }) => end <= wholeBytes);
  if (last === undefined) throw new Error(`no commit ends within ${wholeBytes} bytes`);
  return last;
}

/** Where the frame begins in which a byte lies. */
export function frameStart({ frameBytes }: Recording, at: number): number {
  return at < headerBytes ? 0 : at - ((at - headerBytes) % frameBytes);
}

function answerOf(wait: string) {
  return wait === "approve" || wait === "close" ? { answer: `the answer to ${wait}` } : undefined;
}

function keep(own: EngineProcess, folder: string, commits: Commit[]): Recording {
  const database = join(folder, "kept.db");
  copyFileSync(own.store.databasePath, database);
  const wal = readFileSync(`${own.store.databasePath}-wal`);
  const frameBytes = frameHeaderBytes + wal.readUInt32BE(8);
  const isGrowing = commits.every(({ walBytes: end }, index) => end >= (commits[index - 1]?.walBytes ?? 0));
  if (!isGrowing || (wal.length - headerBytes) % frameBytes !== 0) throw new Error("the log was begun anew meanwhile");
  return { database, wal, frameBytes, commits };
}

function emptyLog(path: string): void {
  const connection = new Database(path);
  connection.pragma("wal_checkpoint(TRUNCATE)");
  connection.close();
}

function walBytes(folder: string): number {
  return statSync(join(folder, "savepoint.db-wal"), { throwIfNoEntry: false })?.size ?? 0;
}
