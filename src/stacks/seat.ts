import { hostname } from "node:os";
import { processStart } from "../processes/identity.ts";
import type { Clock } from "../core/clock.ts";
import { newId } from "../core/ids.ts";
import type { Store } from "../store/store.ts";
import type { WorkerKind } from "../store/workers.ts";
import { reapDeadWorkers } from "./liveness.ts";

const tickMs = 1_000;

export interface SeatOptions {
  kind: WorkerKind;
  concurrency: number;
  version: string;
  /** The place that was reserved when this process was started. */
  reservedId?: string | undefined;
  /** Another process asked this worker to make room. */
  onDrain(): void;
}

/** A worker's place in the project's list of workers, for as long as its process lives. */
export interface Seat {
  readonly id: string;
  /** Leaves the list. `unlessDue`: only if nothing is due before that instant. @returns whether it left */
  leave(unlessDue?: number): boolean;
}

/** @returns undefined when the reserved place was given to another process meanwhile */
export function takeSeat(store: Store, clock: Clock, options: SeatOptions): Seat | undefined {
  const id = options.reservedId ?? newId();
  if (!register(store, clock, id, options)) return undefined;
  const timer = setInterval(() => tick(), tickMs);
  const tick = () => {
    try {
      reapDeadWorkers(store, clock.now());
      if (store.workers.find(id)?.state === "draining") options.onDrain();
    } catch {
      // The store is busy or full: the executions themselves report that; this looks again in a second.
    }
  };
  return {
    id,
    leave(unlessDue) {
      const left = store.write(() => {
        const next = store.executions.nextWakeAt();
        if (unlessDue !== undefined && next !== null && next <= unlessDue) return false;
        store.workers.remove(id);
        return true;
      });
      if (left) clearInterval(timer);
      return left;
    },
  };
}

function register(store: Store, clock: Clock, id: string, { kind, concurrency, version, reservedId }: SeatOptions): boolean {
  const now = clock.now();
  const self = { pid: process.pid, processStart: processStart(process.pid), concurrency };
  return store.write(() => {
    if (reservedId !== undefined) return store.workers.activate(id, self, now);
    return store.workers.insert({
      id,
      kind,
      state: "active",
      ...self,
      host: hostname(),
      savepointVersion: version,
      startedAt: now,
      heartbeatAt: now,
    });
  });
}
