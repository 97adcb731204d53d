import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Observer } from "./observer.ts";

/** One thing that a program told of itself. */
export type Observation =
  | { kind: "body"; run: string; execution: string; round: number }
  | { kind: "saw"; run: string; place: string; what: string }
  | { kind: "ran"; key: string; args: readonly number[]; attempt: number; isSettled: boolean }
  | { kind: "settled"; wait: string };

/** What bodies look up in the journal. */
export interface JournalView {
  /** Whether this attempt of the entry with the idempotency key has ended. */
  isSettled(key: string, attempt: number): boolean;
  isMended(execution: string): boolean;
}

/** An observer that tells each observation on. */
export function observing(record: JournalView, tell: (observation: Observation) => void): Observer {
  let bodies = 0;
  return {
    body(execution, round) {
      const run = `${process.pid}.${++bodies}`;
      tell({ kind: "body", run, execution, round });
      return { saw: (place, what) => tell({ kind: "saw", run, place, what }) };
    },
    ran(key, args, attempt) {
      tell({ kind: "ran", key, args, attempt, isSettled: record.isSettled(key, attempt) });
    },
    isMended: (execution) => record.isMended(execution),
  };
}

/** Keeps observations where the end of the process does not reach them. */
export function toFile(path: string): (observation: Observation) => void {
  return (observation) => appendFileSync(path, `${JSON.stringify(observation)}\n`);
}

export function fromFile(path: string): Observation[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Observation);
}
