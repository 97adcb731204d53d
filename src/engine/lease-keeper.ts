import { workerData } from "node:worker_threads";
import { openConnection } from "../store/database.ts";
import { executionsTable } from "../store/executions.ts";
import { workersTable } from "../store/workers.ts";

interface LeaseKeeperData {
  databasePath: string;
  owner: string;
  leaseMs: number;
}

/** The thread's whole life: a sign of life and a renewal three times per lease, until it is terminated. */
const { databasePath, owner, leaseMs } = workerData as LeaseKeeperData;
const connection = openConnection(databasePath);
const executions = executionsTable(connection);
const workers = workersTable(connection);
const renew = connection.transaction(() => {
  const now = Date.now();
  executions.renewLeases(owner, now + leaseMs);
  workers.heartbeat(owner, now);
});

setInterval(() => {
  try {
    renew.immediate();
  } catch {
    // A busy or full disk: the next turn tries again, well before the lease ends.
  }
}, leaseMs / 3);
