import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { openConnection } from "../../store/database.ts";
import { executionsTable } from "../../store/executions.ts";
import { workersTable } from "../../store/workers.ts";

export interface LeaseKeeperData {
  databasePath: string;
  owner: string;
  leaseMs: number;
  /** Rises while the worker's own event loop turns. */
  beats: Int32Array;
}

/** How often a worker that holds nothing gives a sign of life: each costs a write to the disk. */
const heartbeatMs = 15_000;
/** A loop that has not turned for so long is blocked by user code. */
const blockedMs = 10_000;
const stderrDescriptor = 2;

/** The thread's whole life: it renews what is held three times per lease, until it is terminated. */
const { databasePath, owner, leaseMs, beats } = workerData as LeaseKeeperData;
const connection = openConnection(databasePath);
const executions = executionsTable(connection);
const workers = workersTable(connection);
let heartbeatAt = 0;
let turned = { beats: -1, at: 0, held: new Set<number>() };
const renew = connection.transaction((now: number) => {
  executions.renewLeases(owner, now + leaseMs);
  workers.heartbeat(owner, now);
});

setInterval(() => {
  try {
    const now = Date.now();
    const held = executions.ownedBy(owner).map(({ seq }) => seq);
    endIfStuck(held, now);
    if (now - heartbeatAt < heartbeatMs && held.length === 0) return;
    renew.immediate(now);
    heartbeatAt = now;
  } catch {
    // A busy or full disk: the next turn tries again, well before the lease ends.
  }
}, leaseMs / 3);

/**
 * A body that blocks the event loop cannot be interrupted: neither its cancellation nor its deadline reaches it, and
 * everything else in the worker stands still. Once one of these is wanted, the process ends; others take over.
 */
function endIfStuck(held: number[], now: number): void {
  const count = Atomics.load(beats, 0);
  if (count !== turned.beats) {
    turned = { beats: count, at: now, held: new Set(held) };
    return;
  }
  for (const seq of held) turned.held.add(seq);
  if (now - turned.at < blockedMs) return;
  // Who holds nothing on the record and still computes runs what was cancelled before this thread saw it.
  const isCancelled = held.length === 0 || [...turned.held].some((seq) => executions.get(seq)?.status === "cancelled");
  const isOverdue = held.some((seq) => (executions.get(seq)?.deadlineAt ?? Number.POSITIVE_INFINITY) <= now);
  if (!isCancelled && !isOverdue) return;
  writeSync(
    stderrDescriptor,
    `worker ${process.pid}: user code has blocked it for ${now - turned.at} ms past a cancellation or a deadline; it ends\n`,
  );
  process.kill(process.pid, "SIGKILL");
}
