import { hostname } from "node:os";
import { endRecordedGroup, type Leader } from "../../processes/group.ts";
import { endMarked } from "../../processes/marked.ts";
import type { Execution } from "../../store/execution.ts";
import type { RunHost } from "./run.ts";

/** The leader of a group that worked for an execution on behalf of its owner before, on this machine. */
export type Leftover = Leader;

/**
 * Kills what still works for an execution on this machine, so that nothing of it happens twice at once. What runs on
 * another machine is left to its own worker there.
 * @returns why it must not be run yet
 */
export async function endLeftovers(
  { context, committer }: Pick<RunHost, "context" | "committer">,
  { seq, id }: Execution,
  leftovers: readonly Leftover[],
): Promise<string | undefined> {
  for (const group of leftovers) {
    if (!(await endRecordedGroup(group))) return stillAlive(group.pid);
  }
  // What its agents started may have left their groups.
  const [left] = await endMarked({ SAVEPOINT_PARENT_EXECUTION_ID: id, SAVEPOINT_PARENT_CHECKPOINT: undefined });
  if (left !== undefined) return stillAlive(left);
  await committer.run(() => {
    for (const { pid } of leftovers) context.store.processGroups.remove(seq, hostname(), pid);
  });
  return undefined;
}

function stillAlive(pid: number): string {
  return `process_alive: process ${pid} still works for it and cannot be killed`;
}
