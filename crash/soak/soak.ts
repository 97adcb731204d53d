import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type App, openApp } from "../../src/app.ts";
import type { ResolvedFlow } from "../../src/code/version.ts";
import { isUserError } from "../../src/core/errors.ts";
import { isTerminal } from "../../src/core/statuses.ts";
import { StoreError } from "../../src/engine/committer.ts";
import { inFolder } from "../folder.ts";
import { check } from "../programs/check.ts";
import { below, type Random, randomOf } from "../programs/random.ts";
import { worldOf } from "../programs/surroundings.ts";
import { count, emptyTally, messageOf, type Tally, type Task } from "../suites/suite.ts";
import { openPorts, processesOf, strayFiles } from "./leaks.ts";
import { realTimeProgram, target, writeProject } from "./project.ts";
import { Workers } from "./workers.ts";

const mostOpen = 40;
const lookMs = 40;
const longestEndMs = 120_000;
/** What the memory of processes in use may grow by, once the first third is over, without anything being wrong. */
const growthMb = 40;

/** Real workers on a real project, killed and stopped all the time, while work and answers keep coming. */
export async function soak(task: Task, minutes: number): Promise<Tally> {
  const tally = emptyTally();
  const mismatch = (seed: number, what: string) => {
    // Told at once: a soak takes long, and what comes later may end it.
    task.say(`soak: MISMATCH, seed ${seed}: ${what}`);
    const repeat = `npm run crash -- --soak ${minutes} --seed ${task.seed}`;
    tally.mismatches.push({ suite: "soak", seed, what, repeat });
  };
  await inFolder(async (root) => {
    writeProject(root);
    const env = {
      PATH: process.env["PATH"],
      SAVEPOINT_CONFIG_HOME: join(root, "home"),
      SAVEPOINT_PROJECT: root,
      SAVEPOINT_WORKER_LEASE: "2s",
    };
    const app = await openApp({ env, ensureWorker: false });
    const workers = new Workers(root, env, randomOf(task.seed));
    const soaking = new Soak(app, task, tally, mismatch);
    try {
      await run(soaking, workers, { minutes, task, tally });
      await soaking.finish();
      for (const { pid } of await workers.close()) mismatch(task.seed, `process ${pid} was left`);
      for (const complaint of workers.complaints) mismatch(task.seed, complaint);
      Object.assign(tally.counts, workers.counts);
      tally.kills += workers.counts.SIGKILL;
      const found: unknown = app.store.reader().pragma("integrity_check", { simple: true });
      if (found !== "ok") mismatch(task.seed, `integrity_check: ${String(found)}`);
    } finally {
      await workers.close();
      await app.close();
    }
    for (const pid of processesOf(root)) mismatch(task.seed, `process ${pid} works on the folder still`);
    for (const file of strayFiles(app.config.stateFolder)) mismatch(task.seed, `the file ${file} was left`);
    if (openPorts() > 0) mismatch(task.seed, `${openPorts()} ports are open`);
  });
  return tally;
}

async function run(
  soaking: Soak,
  workers: Workers,
  { minutes, task, tally }: { minutes: number; task: Task; tally: Tally },
): Promise<void> {
  const startedAt = performance.now();
  const endAt = startedAt + minutes * 60_000;
  const over = new AbortController();
  const harming = harm(workers, randomOf(task.seed + 1), over.signal);
  const memory: { own: number; worker: number }[] = [];
  let nextReportAt = startedAt + Math.min(60_000, (minutes * 60_000) / 5);
  try {
    while (performance.now() < endAt) {
      await soaking.look();
      if (performance.now() > nextReportAt) {
        memory.push({ own: ownMb(), worker: Math.round(workers.residentKb() / 1024) });
        task.say(soaking.line(workers, memory.at(-1)));
        nextReportAt += Math.min(60_000, (minutes * 60_000) / 5);
      }
      await delay(lookMs);
    }
  } finally {
    over.abort();
    await harming;
  }
  // V8 takes what it likes at first.
  const [first, last] = [memory[Math.floor(memory.length / 3)], memory.at(-1)];
  if (first === undefined || last === undefined) return;
  count(tally, "first own MB", first.own);
  count(tally, "last own MB", last.own);
  count(tally, "first worker MB", first.worker);
  count(tally, "last worker MB", last.worker);
  if (last.own - first.own > growthMb || last.worker - first.worker > growthMb) {
    throw new Error(`memory grew: ${JSON.stringify(memory)}`);
  }
}

async function harm(workers: Workers, random: Random, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await delay(200 + below(random, 1_200));
    await workers.harm();
  }
}

interface Asked {
  id: string;
  ordinal: number;
  name: string;
}

/** The work that is given to the workers, and what becomes of it. */
class Soak {
  readonly #app: App;
  readonly #tally: Tally;
  readonly #mismatch: (seed: number, what: string) => void;
  readonly #open = new Map<string, number>();
  readonly #world = worldOf(Math.random, { isLeaping: false, isMeddled: false });
  readonly #asked: () => Asked[];
  #resolved: ResolvedFlow | undefined;
  #nextSeed: number;

  constructor(app: App, { seed }: Task, tally: Tally, mismatch: (seed: number, what: string) => void) {
    this.#app = app;
    this.#tally = tally;
    this.#mismatch = mismatch;
    this.#nextSeed = seed;
    const asked = app.store.reader().prepare<[], Asked>(
      `SELECT id, ordinal, name FROM journal JOIN executions ON seq = execution_seq
         WHERE kind = 'wait' AND journal.status = 'pending'`,
    );
    this.#asked = () => asked.all();
  }

  /** Starts what there is room for, answers what is asked, checks what has ended. */
  async look(): Promise<void> {
    while (this.#open.size < mostOpen) await this.#start();
    await this.#settle();
  }

  /** @throws Error when something does not end */
  async finish(): Promise<void> {
    const giveUpAt = performance.now() + longestEndMs;
    while (this.#open.size > 0) {
      await this.#settle();
      await delay(lookMs);
      if (performance.now() < giveUpAt) continue;
      const left = [...this.#open.keys()].map((id) => this.#app.store.executions.byId(id));
      throw new Error(`these do not end: ${JSON.stringify(left.slice(0, 5))}`);
    }
  }

  line({ counts }: Workers, memory: { own: number; worker: number } | undefined): string {
    const { programs, checkpoints, mismatches } = this.#tally;
    const harm = Object.entries(counts).map(([signal, number]) => `${number} ${signal}`);
    return `soak: ${programs} executions ended, ${this.#open.size} open, ${checkpoints} checkpoints, ${harm.join(", ")}, memory ${memory?.own} MB here, ${memory?.worker} MB in the oldest worker, ${mismatches.length} mismatches`;
  }

  async #start(): Promise<void> {
    const seed = this.#nextSeed++;
    this.#resolved ??= await this.#app.code.resolve(target);
    const { version, flow } = this.#resolved;
    const request = {
      workflow: flow.name,
      target,
      version: version.hash,
      input: realTimeProgram(seed),
      stack: "local",
      trigger: "api",
      tags: [],
      timeoutMs: null,
      idempotencyKey: String(seed),
    };
    for (;;) {
      try {
        const { id } = await this.#app.engine.run(request);
        this.#open.set(id, seed);
        return;
      } catch (error) {
        if (!isBusy(error)) throw error;
        count(this.#tally, "database busy", 1);
      }
    }
  }

  async #settle(): Promise<void> {
    const { engine } = this.#app;
    for (const { id, ordinal, name } of this.#asked()) {
      const reaction = this.#world.reactTo(name);
      const wait = `${id}:${ordinal}`;
      if (reaction === "abort") await allowed(engine.abortWait(id, { wait, reason: undefined }));
      else if (reaction !== undefined) await allowed(engine.answer(id, { wait, value: reaction.answer }));
    }
    for (const [id, seed] of this.#open) this.#checkEnded(id, seed);
  }

  #checkEnded(id: string, seed: number): void {
    const { store } = this.#app;
    const execution = store.executions.byId(id);
    if (execution !== undefined && !isTerminal(execution.status)) return;
    this.#open.delete(id);
    this.#tally.programs++;
    try {
      if (execution === undefined) throw new Error("it is gone");
      const program = realTimeProgram(seed);
      const evidence = { program, execution, process: { store }, observations: [], interruptions: 0 };
      this.#tally.checkpoints += check(evidence).checkpoints;
    } catch (error) {
      this.#mismatch(seed, messageOf(error));
    }
  }
}

/** Who comes too late, because the execution went on, is refused. */
async function allowed(operation: Promise<unknown>): Promise<void> {
  await operation.catch((error) => {
    if (!isUserError(error) && !isBusy(error)) throw error;
  });
}

/** A process that was stopped in the middle of a write holds the lock, and others may be faster once it goes on. */
function isBusy(error: unknown): boolean {
  return error instanceof StoreError && error.reason.startsWith("database_busy");
}

function ownMb(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  return Math.round(process.memoryUsage().rss / 1024 / 1024);
}
