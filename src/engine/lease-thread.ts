import { Worker } from "node:worker_threads";

const entry = new URL(`./lease-keeper${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);

/** Renews a worker's leases from a thread of its own, so that user code which blocks the event loop loses nothing. */
export function renewInThread(databasePath: string, onProblem: (message: string) => void) {
  return (owner: string, leaseMs: number) => {
    const thread = new Worker(entry, { workerData: { databasePath, owner, leaseMs }, stdout: false, stderr: false });
    thread.on("error", (error) => onProblem(`renewing leases failed: ${String(error)}`));
    thread.unref();
    return {
      async stop() {
        await thread.terminate();
      },
    };
  };
}
