import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createClock, type MovedClock, usualStart } from "../../src/testing/clock.ts";
import type { OnWrite } from "../../src/testing/mortal-store.ts";
import { programFlow } from "../programs/flow.ts";
import { makeProgram } from "../programs/generator.ts";
import { observing, toFile } from "../programs/observations.ts";
import { randomOf } from "../programs/random.ts";
import { recordOf } from "../programs/record.ts";
import { overdueMs, worldOf } from "../programs/surroundings.ts";
import { scenario, scenarioWorld } from "../scenario.ts";
import { takeOver, toTheEnd } from "../simulated/drive.ts";
import { type AnyFlow, type EngineProcess, openProcess, type StartOptions } from "../simulated/process.ts";
import type { World } from "../simulated/world.ts";
import { idempotencyKeyOf, observationsFile, type Plan, runsFile } from "./plan.ts";

const leaseMs = 100 * 24 * 3_600_000;

/** One process of the kill suites: the real store and engine on a folder, until all is done or SIGKILL comes. */
const plan = JSON.parse(process.argv[2] ?? "") as Plan;
const clock = createClock();
const opened: { process?: EngineProcess } = {};
const job = plan.work.kind === "programs" ? programJob(plan.work) : scenarioJob();
opened.process = openProcess(plan.folder, job.flows, { clock, onWrite: deadly(plan.kill) });
await live(opened.process, clock);

async function live(own: EngineProcess, { move, now }: MovedClock): Promise<void> {
  move(latestInstant(own) - now());
  for (const { flow, input, options } of job.starts) await own.start(flow, input, options);
  takeOver(own.store, plan.deaths, clock);
  own.work({ id: plan.isAfterLease === true ? "another" : `worker ${plan.deaths}`, leaseMs });
  process.stdout.write("works\n");
  await toTheEnd({ process: own, clock, world: job.world, isOver: () => false });
  await own.close();
}

interface Job {
  flows: AnyFlow[];
  starts: { flow: AnyFlow; input: unknown; options: StartOptions }[];
  world: World;
}

function programJob({ firstSeed, programs }: Extract<Plan["work"], { kind: "programs" }>): Job {
  const tell = toFile(join(plan.folder, observationsFile));
  const record = lazily(() => recordOf(own().store));
  const observer = observing(
    {
      isSettled: (key, attempt) => record().isSettled(key, attempt),
      isMended: (execution) => record().isMended(execution),
    },
    tell,
  );
  const flow = programFlow(observer);
  const starts = Array.from({ length: programs }, (_, index) => {
    const seed = firstSeed + index;
    const input = makeProgram(randomOf(seed));
    const timeoutMs = input.end === "overdue" ? overdueMs : null;
    return { flow, input, options: { idempotencyKey: idempotencyKeyOf(seed), timeoutMs } };
  });
  const world = worldOf(randomOf(firstSeed + plan.deaths), { isLeaping: false, isMeddled: true });
  return { flows: [flow], starts, world: { ...world, onSettled: (wait) => tell({ kind: "settled", wait }) } };
}

function scenarioJob(): Job {
  const { flow, others } = scenario((name) => appendFileSync(join(plan.folder, runsFile), `${name}\n`));
  const starts = [{ flow, input: undefined, options: { idempotencyKey: "the one" } }];
  return { flows: [flow, ...others], starts, world: scenarioWorld };
}

function deadly(kill: Plan["kill"]): OnWrite {
  let writes = 0;
  return (write) => {
    writes++;
    if (kill === null || writes !== kill.write) return write();
    if (kill.side === "stop") {
      stop();
      return write();
    }
    if (kill.side === "before") die();
    const written = write(kill.side === "inside" ? die : undefined);
    die();
    return written;
  };
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
  // The signal comes when the system sees fit; nothing more may happen until then.
  for (;;);
}

/** Returns when SIGCONT has come, however long after. */
function stop(): void {
  const before = Date.now();
  process.kill(process.pid, "SIGSTOP");
  while (Date.now() - before < 5);
}

/** Time goes on where the last process left it. */
function latestInstant({ store }: EngineProcess): number {
  const latest = store.reader().prepare<[], { at: number | null }>("SELECT max(at) AS at FROM events").get();
  return latest?.at == null ? usualStart : latest.at + (plan.isAfterLease === true ? leaseMs : 0);
}

function own(): EngineProcess {
  if (opened.process === undefined) throw new Error("the store is not open yet");
  return opened.process;
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
