import { hostname } from "node:os";
import { isProcessAlive } from "../processes/identity.ts";
import type { Store } from "../store/store.ts";
import type { WorkerRow } from "../store/workers.ts";

/** How long a place may be reserved for a process that nobody knows yet: starting one takes milliseconds. */
const startLimitMs = 10_000;
/** A worker of another machine is judged by its heartbeat alone. */
const heartbeatLimitMs = 60_000;

export function isAlive(worker: WorkerRow, now: number): boolean {
  if (worker.state === "starting" && worker.pid === null) return now - worker.startedAt < startLimitMs;
  if (worker.host !== hostname()) return now - worker.heartbeatAt < heartbeatLimitMs;
  return worker.pid !== null && isProcessAlive(worker.pid, worker.processStart);
}

/** Forgets workers whose process is gone and makes what they held claimable at once. */
export function reapDeadWorkers(store: Store, now: number): WorkerRow[] {
  const workers = store.workers.list();
  const dead = workers.filter((worker) => !isAlive(worker, now));
  if (dead.length === 0) return workers;
  store.write(() => {
    for (const { id } of dead) {
      store.executions.abandon(id, now);
      store.workers.remove(id);
    }
  });
  return workers.filter((worker) => !dead.includes(worker));
}
