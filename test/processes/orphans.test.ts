import { hostname } from "node:os";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ProcessGroup, startGroup } from "../../src/processes/group.ts";
import { isProcessAlive } from "../../src/processes/identity.ts";
import { endOrphans } from "../../src/stacks/orphans.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { temporaryFolder } from "../helpers/engine.ts";
import { newExecution } from "../helpers/new-execution.ts";

let folder: ReturnType<typeof temporaryFolder>;
let store: Store;
let group: ProcessGroup;
beforeEach(async () => {
  folder = temporaryFolder();
  store = openStore(folder.path);
  const program = { command: "/bin/sleep", args: ["600"], cwd: folder.path, env: {} };
  group = await startGroup({ ...program, streams: ["ignore", "ignore", "ignore"] }, () => {});
});
afterEach(async () => {
  await group.end(0);
  store.close();
  folder.remove();
});

/** An execution that was cancelled at the instant, with the group that worked for it. */
function cancelled(endedAt: number): void {
  store.write(() => {
    const seq = store.executions.insert(
      newExecution({ id: "0199a3f2-0000-7000-8000-000000000001", createdAt: endedAt - 1 }),
    );
    store.executions.setControl(seq, {
      status: "cancelled",
      wakeAt: null,
      failure: null,
      endedAt,
      attempt: 1,
      deadlineAt: null,
    });
    store.processGroups.put({ executionSeq: seq, ...group.leader, host: hostname(), startedAt: endedAt - 1 });
  });
}

const isAlive = () => isProcessAlive(group.leader.pid, group.leader.processStart);

test("what a dead worker left of an ended execution is ended by another", async () => {
  cancelled(1_000);
  await endOrphans(store, 20_000);
  expect(isAlive()).toBe(false);
  expect(store.processGroups.ofEnded(hostname(), 20_000)).toEqual([]);
});

test("what has ended just now is left to the worker that started it", async () => {
  cancelled(15_000);
  await endOrphans(store, 20_000);
  expect(isAlive()).toBe(true);
});
