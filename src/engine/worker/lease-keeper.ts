import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { openConnection } from "../../store/database.ts";
import { executionsTable } from "../../store/executions.ts";
import { unprotected } from "../../store/protection.ts";
import { workersTable } from "../../store/workers.ts";

export interface LeaseKeeperData {
  databasePath: string;
  owner: string;
  leaseMs: number;
  /** Rises while the worker's own event loop turns. */
  beats: Int32Array;
  /** Where its last words go. */
  logDescriptor: number;
}

/** How often a worker that holds nothing gives a sign of life: each costs a write to the disk. */
const heartbeatMs = 15_000;
/** A loop that has not turned for so long is blocked by user code. */
const blockedMs = 10_000;

/** The thread's whole life: it renews what is held three times per lease, until it is asked to end. */
const { databasePath, owner, leaseMs, beats, logDescriptor } = workerData as LeaseKeeperData;
const connection = openConnection(databasePath);
const executions = executionsTable(connection, unprotected);
const workers = workersTable(connection);
const lookMs = leaseMs / 3;
let heartbeatAt = 0;
/** When the worker's loop was last seen to have turned; it counts as turning when this thread begins. */
let turned = { beats: 0, at: Date.now() };
const renew = connection.transaction((now: number) => {
  executions.renewLeases(owner, now + leaseMs);
  workers.heartbeat(owner, now);
});

const timer = setInterval(() => {
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
}, lookMs);

// Ends by itself, between two statements: cutting off a thread that is inside the database is asking for trouble.
parentPort?.once("message", () => {
  clearInterval(timer);
  connection.close();
});

/**
 * A body that blocks the event loop cannot be interrupted: neither its cancellation nor its deadline reaches it, and
 * everything else in the worker stands still. Once one of these is wanted, the process ends; others take over.
 */
function endIfStuck(held: number[], now: number): void {
  const count = Atomics.load(beats, 0);
  if (count !== turned.beats) {
    turned = { beats: count, at: now };
    return;
  }
  if (now - turned.at < blockedMs) return;
  // The loop turned for the last time somewhere in the interval before this thread saw it turn.
  const isCancelled = executions.cancelledSince(owner, turned.at - lookMs) > 0;
  const isOverdue = held.some((seq) => (executions.get(seq)?.deadlineAt ?? Number.POSITIVE_INFINITY) <= now);
  if (!isCancelled && !isOverdue) return;
  writeSync(
    logDescriptor,
    `worker ${process.pid}: user code has blocked it for ${now - turned.at} ms past a cancellation or a deadline; it ends\n`,
  );
  process.kill(process.pid, "SIGKILL");
}
