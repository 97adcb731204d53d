/** What is measured: the engine, or the bare prototype beside it. Both keep the same record of the same work. */
export interface Subject {
  readonly name: "engine" | "prototype";
  readonly databasePath: string;
  /** Runs one execution of so many checkpoints, one after the other, and resolves when its end is acknowledged. */
  execute(checkpoints: number): Promise<void>;
  /** How many checkpoint bodies ran. */
  bodiesRun(): number;
  /** @throws Error when a commit could have been lost */
  close(): Promise<void>;
}

/** What both put on the record besides what they make up themselves (ids, hashes of the same length, instants). */
export const work = {
  workflow: "bench",
  target: "bench/flow.ts:bench",
  version: "0123456789abcdef",
  checkpoint: "step",
  /** Executions that a subject takes at a time. */
  concurrency: 50,
  leaseMs: 15_000,
  /** What a checkpoint returns: about as much as a short answer of a tool. */
  output: { text: "The quick brown fox jumps over the lazy dog, and the lazy dog lets it.", tokens: 18 },
  /** What an execution returns. */
  result: "done",
} as const;
