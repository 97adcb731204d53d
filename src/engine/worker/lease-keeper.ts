import { workerData } from "node:worker_threads";
import { openConnection } from "../../store/database.ts";
import { executionsTable } from "../../store/executions.ts";
import { workersTable } from "../../store/workers.ts";

interface LeaseKeeperData {
  databasePath: string;
  owner: string;
  leaseMs: number;
}

/** How often a worker that holds nothing gives a sign of life: each costs a write to the disk. */
const heartbeatMs = 15_000;

/** The thread's whole life: it renews what is held three times per lease, until it is terminated. */
const { databasePath, owner, leaseMs } = workerData as LeaseKeeperData;
const connection = openConnection(databasePath);
const executions = executionsTable(connection);
const workers = workersTable(connection);
let heartbeatAt = 0;
const renew = connection.transaction((now: number) => {
  executions.renewLeases(owner, now + leaseMs);
  workers.heartbeat(owner, now);
});

setInterval(() => {
  try {
    const now = Date.now();
    if (now - heartbeatAt < heartbeatMs && executions.ownedBy(owner).length === 0) return;
    renew.immediate(now);
    heartbeatAt = now;
  } catch {
    // A busy or full disk: the next turn tries again, well before the lease ends.
  }
}, leaseMs / 3);
