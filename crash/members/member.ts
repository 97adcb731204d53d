import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../src/core/clock.ts";
import { isUserError, messageOf } from "../../src/core/errors.ts";
import { renewInThread } from "../../src/engine/worker/lease-thread.ts";
import type { Worker } from "../../src/engine/worker/worker.ts";
import { type EngineProcess, openProcess } from "../simulated/process.ts";
import { memberFlows } from "./flows.ts";
import type { Command, Outcome, Request } from "./protocol.ts";

/** A process of its own on a folder: it does what the parent tells it, on as many connections as it is told. */
const opened: EngineProcess[] = [];
let worker: Worker | undefined;

process.on("message", (request: Request) => void serve(request));
process.on("disconnect", () => process.exit(0));

async function serve({ id, command }: Request): Promise<void> {
  try {
    process.send?.({ id, value: await perform(command) });
  } catch (error) {
    process.send?.({ id, error: outcomeOf(error) });
  }
}

async function perform(command: Command): Promise<unknown> {
  switch (command.do) {
    case "open":
      if (command.uid !== undefined) process.setuid?.(command.uid);
      for (let left = command.connections; left > 0; left--)
        opened.push(openProcess(command.folder, Object.values(memberFlows), { clock: systemClock }));
      return null;
    case "work":
      return work(command.leaseMs);
    case "run":
      return together(command.times, command.at, async (own, index) => {
        const { flow, input, key } = command;
        const idempotencyKey = key ?? `${process.pid}/${index}/${performance.now()}`;
        return (await own.start(memberFlows[flow], input, { idempotencyKey })).id;
      });
    case "answer":
      return together(command.times, command.at, async (own, index) => {
        const { execution, wait, early, key } = command;
        const value: string = command.value ?? `${process.pid}/${index}`;
        await own.engine.answer(execution, { wait, value, early, idempotencyKey: key });
        return value;
      });
    case "cancel":
      await own().engine.cancel(command.execution);
      return null;
    case "close":
      await Promise.all(opened.map((one) => one.close()));
      return null;
    default:
      return command satisfies never;
  }
}

function work(leaseMs: number): string {
  const { store } = own();
  worker = own().work({
    id: `member ${process.pid}`,
    leaseMs,
    concurrency: 20,
    renewer: renewInThread({ databasePath: store.databasePath, logDescriptor: 2 }, (message) => report(message)),
    onProblem: report,
  });
  return worker.id;
}

/** All at once, in turn on each connection, from a given instant on. */
async function together(
  times: number,
  at: number | undefined,
  call: (own: EngineProcess, index: number) => Promise<string>,
): Promise<Outcome[]> {
  if (at !== undefined) await delay(Math.max(0, at - Date.now()));
  const calls = Array.from({ length: times }, (_, index) => call(opened[index % opened.length] ?? own(), index));
  const settled = await Promise.allSettled(calls);
  return settled.map((one) => (one.status === "fulfilled" ? { value: one.value } : outcomeOf(one.reason)));
}

function outcomeOf(error: unknown): { code: string; message: string } {
  return { code: isUserError(error) ? error.code : "internal", message: messageOf(error) };
}

function own(): EngineProcess {
  const [first] = opened;
  if (first === undefined) throw new Error("nothing is open yet");
  return first;
}

function report(problem: string): void {
  process.send?.({ problem });
}
