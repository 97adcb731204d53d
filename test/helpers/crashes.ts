import { isTerminal } from "../../src/core/statuses.ts";
import type { Execution } from "../../src/store/executions.ts";
import { createClock } from "./clock.ts";
import { type AnyFlow, delay, openTestEngine, type TestEngine } from "./engine.ts";

export interface Drive {
  folder: string;
  flow: AnyFlow;
  /** Whether the process dies at its nth write (counted over all processes), and on which side of the commit. */
  crashAt(write: number): "before" | "after" | undefined;
  /** What is answered to a wait. */
  answerTo(wait: string): unknown;
  /** Told after each death, while nothing runs. */
  onCrash?(readOnly: TestEngine, id: string | undefined): void;
}

export interface Driven {
  execution: Execution;
  /** On the folder, with nothing running; the caller closes it. */
  last: TestEngine;
  writes: number;
  crashes: number;
}

/** Runs one execution to its end through as many processes as it takes, answering its waits and moving its clock. */
export async function drive({ folder, flow, crashAt, answerTo, onCrash }: Drive): Promise<Driven> {
  const clock = createClock();
  let writes = 0;
  let crashes = 0;
  let id: string | undefined;
  for (;;) {
    let isDead = false;
    const onWrite = (write: () => unknown) => {
      if (isDead) throw new Error("this process is dead");
      const side = crashAt(++writes);
      isDead = side !== undefined;
      if (side === "before") throw new Error("died before the commit");
      const written = write();
      if (side === "after") throw new Error("died after the commit");
      return written;
    };
    const t = openTestEngine(folder, [flow], { clock, onWrite });
    try {
      id = (await t.start(flow, undefined, { idempotencyKey: "the one" })).id;
      // What whoever finds the dead process does: its lease need not run out.
      for (let dead = 0; dead < crashes; dead++) t.store.executions.abandon(`worker ${dead}`, clock.now());
      t.work({ id: `worker ${crashes}`, leaseMs: 1_000_000_000 });
      const execution = await toTheEnd(t, id, clock, answerTo, () => isDead);
      if (execution !== undefined && !isDead) {
        await t.close();
        return { execution, last: openTestEngine(folder, [flow], { clock }), writes, crashes };
      }
    } catch (error) {
      if (!isDead) throw error;
    }
    await t.crash();
    crashes++;
    if (onCrash === undefined) continue;
    const reader = openTestEngine(folder, [], { clock });
    onCrash(reader, id);
    await reader.close();
  }
}

async function toTheEnd(
  t: TestEngine,
  id: string,
  clock: ReturnType<typeof createClock>,
  answerTo: Drive["answerTo"],
  isDead: () => boolean,
): Promise<Execution | undefined> {
  const giveUpAt = performance.now() + 15_000;
  while (!isDead()) {
    const execution = t.get(id);
    if (isTerminal(execution.status)) return execution;
    if (performance.now() > giveUpAt)
      throw new Error(`stuck: ${JSON.stringify([execution, t.entries(id), t.events(id)])}`);
    const [pending] = t.store.journal.pendingWaits(execution.seq);
    if (pending !== undefined)
      await t.engine.answer(id, { wait: `${id}:${pending.ordinal}`, value: answerTo(pending.name) });
    else clock.advance(execution.status === "waiting" ? Math.max(0, (execution.wakeAt ?? 0) - clock.now()) : 200);
    await delay(3);
  }
  return undefined;
}
