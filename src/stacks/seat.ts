import { existsSync } from "node:fs";
import { hostname } from "node:os";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { processStart } from "../processes/identity.ts";
import type { Store } from "../store/store.ts";
import type { WorkerKind } from "../store/workers.ts";
import { reapDeadWorkers } from "./liveness.ts";
import { endOrphans } from "./orphans.ts";

const tickMs = 1_000;

export interface SeatOptions {
  kind: WorkerKind;
  concurrency: number;
  version: string;
  /** The place that was reserved when this process was started. */
  reservedId?: string | undefined;
  /** This worker must finish what it runs and go. */
  onDrain(why: string): void;
  onProblem(message: string): void;
}

/** A worker's place in the project's list of workers, for as long as its process lives. */
export interface Seat {
  readonly id: string;
  /**
   * Leaves the list and gives back what this worker still holds.
   * @param unlessDue stay when anything is due before that instant
   * @returns whether it left
   */
  leave(unlessDue?: number): boolean;
}

/** @returns undefined when the reserved place was given to another process meanwhile */
export function takeSeat(store: Store, clock: Clock, options: SeatOptions): Seat | undefined {
  const id = options.reservedId ?? newId();
  if (!register(store, clock, id, options)) return undefined;
  const timer = setInterval(() => tick(), tickMs);
  const tick = () => {
    try {
      if (!existsSync(store.databasePath)) return options.onDrain("the project's database is gone");
      reapDeadWorkers(store, clock.now());
      sweep();
      const row = store.workers.find(id);
      if (row?.state === "draining") options.onDrain("another process asked it to make room");
      else if (row === undefined) returnToSeat();
    } catch {
      // The store is busy or full: the executions themselves report that; this looks again in a second.
    }
  };
  let isSweeping = false;
  const sweep = () => {
    if (isSweeping) return;
    isSweeping = true;
    endOrphans(store, clock.now())
      .catch((error) => options.onProblem(`what dead workers left could not be ended: ${messageOf(error)}`))
      .finally(() => {
        isSweeping = false;
      });
  };
  /** Others took this process for dead: fences kept its work safe, and it goes on if its place is still free. */
  const returnToSeat = () => {
    const back = store.write(() => store.workers.insert(newRow(clock, id, options)));
    if (back) options.onProblem("it was taken for dead, and has registered again");
    else options.onDrain("it was taken for dead, and another worker has its place");
  };
  return {
    id,
    leave(unlessDue) {
      if (!existsSync(store.databasePath)) {
        clearInterval(timer);
        return true;
      }
      const left = store.write(() => {
        const next = store.executions.nextWakeAt();
        if (unlessDue !== undefined && next !== null && next <= unlessDue) return false;
        store.executions.abandon(id, clock.now());
        store.workers.remove(id);
        return true;
      });
      if (left) clearInterval(timer);
      return left;
    },
  };
}

function register(store: Store, clock: Clock, id: string, options: SeatOptions): boolean {
  const row = newRow(clock, id, options);
  return store.write(() => {
    return options.reservedId === undefined
      ? store.workers.insert(row)
      : store.workers.activate(id, row, row.heartbeatAt);
  });
}

function newRow(clock: Clock, id: string, { kind, concurrency, version }: SeatOptions) {
  const now = clock.now();
  return {
    id,
    kind,
    state: "active" as const,
    pid: process.pid,
    processStart: processStart(process.pid),
    host: hostname(),
    savepointVersion: version,
    concurrency,
    startedAt: now,
    heartbeatAt: now,
  };
}
