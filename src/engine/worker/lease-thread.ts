import { Worker } from "node:worker_threads";
import type { LeaseKeeperData } from "./lease-keeper.ts";

const entry = new URL(`./lease-keeper${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
const restartMs = 1_000;
const beatMs = 500;
/** How long the thread may take to end by itself. */
const partingMs = 1_000;

/** Renews a worker's leases from a thread of its own, so that user code which blocks the event loop loses nothing. */
export function renewInThread(
  where: Pick<LeaseKeeperData, "databasePath" | "logDescriptor">,
  onProblem: (message: string) => void,
) {
  return (owner: string, leaseMs: number) => {
    // Counts the turns of this thread's event loop; the other thread reads it.
    const beats = new Int32Array(new SharedArrayBuffer(4));
    const beating = setInterval(() => Atomics.add(beats, 0, 1), beatMs).unref();
    let thread: Worker;
    let ended = Promise.resolve();
    let restart: NodeJS.Timeout | undefined;
    let stopped = false;
    const start = () => {
      const workerData: LeaseKeeperData = { ...where, owner, leaseMs, beats };
      thread = new Worker(entry, { workerData });
      thread.on("error", (error) => onProblem(`renewing leases failed: ${String(error)}`));
      ended = new Promise((resolve) => thread.once("exit", () => resolve()));
      thread.on("exit", () => {
        if (!stopped) restart = setTimeout(start, Math.min(restartMs, leaseMs / 6));
      });
      thread.unref();
    };
    start();
    return {
      async stop() {
        stopped = true;
        clearInterval(beating);
        clearTimeout(restart);
        thread.postMessage("end");
        const late = setTimeout(() => void thread.terminate(), partingMs);
        await ended;
        clearTimeout(late);
      },
    };
  };
}
