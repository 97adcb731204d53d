import type { Execution } from "../../src/store/execution.ts";
import { createClock, type MovedClock } from "../../src/testing/clock.ts";
import type { OnWrite } from "../../src/testing/mortal-store.ts";
import { type AnyFlow, type EngineProcess, openProcess, type StartOptions } from "./process.ts";
import { turn, type World } from "./world.ts";

/** Where in a write a process dies: before it, inside the transaction, or once it is committed. */
export type Side = "before" | "inside" | "after";

export interface Drive {
  folder: string;
  flow: AnyFlow;
  /** Others that it starts. */
  others?: readonly AnyFlow[];
  input?: unknown;
  timeoutMs?: number | null;
  world: World;
  /** Whether the process dies at its nth write (counted over all processes), and on which side of the commit. */
  crashAt(write: number): Side | undefined;
  /** Whether all activations are dropped now that something has settled; they begin anew at once. */
  drops?(): boolean;
  /** Told of each process before it works. */
  onOpen?(process: EngineProcess): void;
  /** Told after each death, while nothing runs. */
  onCrash?(readOnly: EngineProcess, id: string | undefined): void;
}

export interface Driven {
  execution: Execution;
  /** On the folder, with nothing running; the caller closes it. */
  last: EngineProcess;
  /** Where time has come to. */
  clock: MovedClock;
  writes: number;
  crashes: number;
  drops: number;
}

const longestMs = 60_000;
const lookMs = 2;

/** Runs one execution to its end through as many processes as it takes, in the world that is given. */
export async function drive(plan: Drive): Promise<Driven> {
  const { folder, flow, input, world } = plan;
  const flows = [flow, ...(plan.others ?? [])];
  const clock = createClock();
  const counts = { writes: 0, crashes: 0, drops: 0 };
  const start: StartOptions = { idempotencyKey: "the one", timeoutMs: plan.timeoutMs ?? null };
  let id: string | undefined;
  for (;;) {
    const life = { isDead: false };
    const owner = `worker ${counts.crashes}`;
    const process = openProcess(folder, flows, { clock, onWrite: mortal(plan, counts, life) });
    try {
      plan.onOpen?.(process);
      const found = (await process.start(flow, input, start)).id;
      if (id !== undefined && found !== id) throw new Lost(`execution ${id} was acknowledged and is gone`);
      id = found;
      takeOver(process.store, counts.crashes, clock);
      process.work({ id: owner, leaseMs: 1_000_000_000 });
      const stopDropping = dropActivations(plan, process, { owner, counts, clock });
      await toTheEnd({ process, clock, world, isOver: () => life.isDead }).finally(stopDropping);
      if (!life.isDead) {
        await process.close();
        const last = openProcess(folder, flows, { clock });
        return { execution: last.get(id), last, clock, ...counts };
      }
    } catch (error) {
      if (!life.isDead || error instanceof Lost) {
        await process.crash();
        throw error;
      }
    }
    await process.crash();
    counts.crashes++;
    if (plan.onCrash === undefined) continue;
    const reader = openProcess(folder, [], { clock });
    plan.onCrash(reader, id);
    await reader.close();
  }
}

/** What was acknowledged is not on the record. */
class Lost extends Error {}

/** What whoever finds dead processes does: their leases need not run out. */
export function takeOver({ write, executions }: EngineProcess["store"], deaths: number, clock: MovedClock): void {
  write(() => {
    for (let dead = 0; dead < deaths; dead++) executions.abandon(`worker ${dead}`, clock.now());
  });
}

function mortal(plan: Drive, counts: { writes: number }, life: { isDead: boolean }): OnWrite {
  return (write) => {
    if (life.isDead) throw new Error("this process is dead");
    const side = plan.crashAt(++counts.writes);
    life.isDead = side !== undefined;
    const die = () => {
      throw new Error(`died ${side} the write`);
    };
    if (side === "before") die();
    const written = write(side === "inside" ? die : undefined);
    if (side === "after") die();
    return written;
  };
}

/** Takes what runs from its worker whenever something has settled, so that each await begins a new activation. */
function dropActivations(
  { drops }: Drive,
  { store, engine }: EngineProcess,
  { owner, counts, clock }: { owner: string; counts: { drops: number }; clock: MovedClock },
): () => void {
  if (drops === undefined) return () => {};
  const seen = new Map<number, number>();
  const looking = setInterval(() => {
    try {
      const held = store.executions.ownedBy(owner);
      const settled = held.filter(({ seq, last_position }) => last_position > (seen.get(seq) ?? 0));
      for (const { seq, last_position } of settled) seen.set(seq, last_position);
      if (settled.length === 0 || !drops()) return;
      store.write(() => {
        for (const { seq, epoch } of settled) store.executions.release({ seq, owner, epoch }, clock.now(), null);
      });
      counts.drops += settled.length;
      engine.changes.local();
    } catch {
      // The process has died meanwhile.
    }
  }, lookMs);
  return () => clearInterval(looking);
}

/** @throws Error when nothing has ended after a time in which everything should have */
export async function toTheEnd({
  process,
  clock,
  world,
  isOver,
}: {
  process: EngineProcess;
  clock: MovedClock;
  world: World;
  isOver: () => boolean;
}): Promise<void> {
  const giveUpAt = performance.now() + longestMs;
  while (!isOver() && (await turn(process, clock, world))) {
    if (performance.now() > giveUpAt) throw new Error(`stuck after ${longestMs} ms: ${stateOf(process)}`);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

function stateOf({ store }: EngineProcess): string {
  const rows = store.reader().prepare("SELECT * FROM executions WHERE ended_at IS NULL LIMIT 3").all();
  const journal = store.reader().prepare("SELECT * FROM journal WHERE position IS NULL LIMIT 10").all();
  return JSON.stringify({ rows, journal });
}
