import { setTimeout as sleep } from "node:timers/promises";
import type { App } from "../app.ts";
import { exitCodes } from "./exit-codes.ts";
import { withApp } from "./local-app.ts";
import type { Session } from "./session.ts";

/** What runs is let end for some seconds; then it is given back, and this may take as long. */
const longestMs = 20_000;
const lookMs = 50;

/** `savepoint worker stop`. */
export async function runWorkerStop(session: Session): Promise<number> {
  const { output, command, signal } = session;
  const { asked, left } = await withApp(session, async (app) => {
    const asked = app.stack.drainWorkers().map(({ id, pid }) => ({ id, pid }));
    const giveUpAt = performance.now() + longestMs;
    while (living(app, asked).length > 0 && performance.now() < giveUpAt && !signal.aborted) await sleep(lookMs);
    return { asked, left: living(app, asked) };
  });
  const pids = (workers: typeof asked) => workers.map(({ pid }) => `process ${pid}`).join(", ");
  if (output.isJson) output.json({ command, item: { stopped: asked.filter((one) => !left.includes(one)), left } });
  else if (asked.length === 0) output.print("No worker runs in the background.");
  else if (left.length > 0) output.print(`Asked to go, and still finishing what it runs: ${pids(left)}.`);
  else output.print(`Stopped: ${pids(asked)}. The next command that gives work to do starts another.`);
  return exitCodes.ok;
}

function living(app: App, workers: { id: string; pid: number | null }[]): typeof workers {
  const alive = new Set(app.stack.workers().map(({ id }) => id));
  return workers.filter(({ id }) => alive.has(id));
}
