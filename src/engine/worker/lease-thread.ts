import { Worker } from "node:worker_threads";

const entry = new URL(`./lease-keeper${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
const restartMs = 1_000;

/** Renews a worker's leases from a thread of its own, so that user code which blocks the event loop loses nothing. */
export function renewInThread(databasePath: string, onProblem: (message: string) => void) {
  return (owner: string, leaseMs: number) => {
    let thread: Worker;
    let restart: NodeJS.Timeout | undefined;
    let stopped = false;
    const start = () => {
      thread = new Worker(entry, { workerData: { databasePath, owner, leaseMs } });
      thread.on("error", (error) => onProblem(`renewing leases failed: ${String(error)}`));
      thread.on("exit", () => {
        if (!stopped) restart = setTimeout(start, Math.min(restartMs, leaseMs / 6));
      });
      thread.unref();
    };
    start();
    return {
      async stop() {
        stopped = true;
        clearTimeout(restart);
        await thread.terminate();
      },
    };
  };
}
