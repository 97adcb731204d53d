/** What a run was asked for. */
export interface Task {
  seed: number;
  programs: number;
  kills: number;
  /** Says how far it has come. */
  say(line: string): void;
}

/** Something that is not as it must be. */
export interface Mismatch {
  suite: string;
  seed: number;
  what: string;
  /** The command that runs this case alone. */
  repeat: string;
}

/** What a suite did. */
export interface Tally {
  programs: number;
  crashes: number;
  kills: number;
  checkpoints: number;
  /** Further counts of this suite. */
  counts: Record<string, number>;
  mismatches: Mismatch[];
  /** What could not be tried on this machine, and why. */
  skipped: string[];
}

export interface Suite {
  name: string;
  run(task: Task): Promise<Tally>;
  /** What it must have done at the least; less is a failure. */
  floor(
    task: Task,
  ): Partial<Pick<Tally, "programs" | "crashes" | "kills" | "checkpoints">> & { counts?: Record<string, number> };
}

export function emptyTally(): Tally {
  return { programs: 0, crashes: 0, kills: 0, checkpoints: 0, counts: {}, mismatches: [], skipped: [] };
}

export function count(tally: Tally, what: string, by = 1): void {
  tally.counts[what] = (tally.counts[what] ?? 0) + by;
}

/** Works through the items in so many lanes at a time. */
export async function inLanes<T>(lanes: number, items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const lane = async () => {
    for (let next = left.next(); next.done !== true; next = left.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
