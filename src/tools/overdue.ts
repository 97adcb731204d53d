import type { Execution } from "./app-types.ts";

/** A worker takes a moment to claim what is due. */
const graceMs = 1_000;

/** Since when an execution is due and nobody has claimed it; a running one is due when its worker's lease is over. */
export function overdueSince(
  execution: Pick<Execution, "status"> & { wakeAt?: number | null },
  now: number,
): number | null {
  const { wakeAt = null } = execution;
  return wakeAt !== null && wakeAt + graceMs <= now ? wakeAt : null;
}
