import { setTimeout as sleep } from "node:timers/promises";
import type { ClaimedRun } from "./claimed-run.ts";

const lookMs = 10;

/** Lets what runs end for a while, and stops each run as soon as nothing of it is running. */
export async function drainRuns(open: () => ClaimedRun[], limitMs: number): Promise<void> {
  for (const run of open()) run.drain();
  const giveUpAt = performance.now() + limitMs;
  let resting = new Set<ClaimedRun>();
  while (open().length > 0 && performance.now() < giveUpAt) {
    await sleep(lookMs);
    // At rest at two looks in a row: what ended just now is on the record, and the body has seen it.
    const atRest = open().filter((run) => run.isAtRest);
    for (const run of atRest) if (resting.has(run)) run.stop();
    resting = new Set(atRest);
  }
  for (const run of open()) run.stop();
}
