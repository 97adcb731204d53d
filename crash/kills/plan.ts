import type { Side } from "../simulated/drive.ts";

/** What one child process of the kill suites is to do; it comes as its argument. */
export interface Plan {
  folder: string;
  work: { kind: "programs"; firstSeed: number; programs: number } | { kind: "scenario" };
  /** How many processes have died on this folder before; what they held is taken over at once. */
  deaths: number;
  /** Whether time begins when the leases of others have run out, and nobody counts as dead. */
  isAfterLease?: boolean;
  /** The write at which it kills itself, or before which it stops until SIGCONT comes; null: none. */
  kill: { write: number; side: Side | "stop" } | null;
}

export const observationsFile = "observations.jsonl";
export const runsFile = "runs.txt";
export const idempotencyKeyOf = (seed: number) => `program ${seed}`;
