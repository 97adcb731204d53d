import { hostname } from "node:os";
import { endRecordedGroup } from "../processes/group.ts";
import { endMarked } from "../processes/marked.ts";
import type { Store } from "../store/store.ts";

/** A worker that lives ends by itself what it started; so long it may take to. */
const leftAloneMs = 10_000;

/**
 * Ends what still works on this machine for executions that have ended, and whose worker died before it could: nobody
 * will claim them any more.
 */
export async function endOrphans(store: Store, now: number): Promise<void> {
  const orphans = store.processGroups.ofEnded(hostname(), now - leftAloneMs);
  for (const { executionSeq, executionId, pid, processStart } of orphans) {
    if (!(await endRecordedGroup({ pid, processStart }))) continue;
    const left = await endMarked({
      SAVEPOINT_PARENT_EXECUTION_ID: executionId,
      SAVEPOINT_PARENT_CHECKPOINT: undefined,
    });
    if (left.length === 0) store.write(() => store.processGroups.remove(executionSeq, hostname(), pid));
  }
}
