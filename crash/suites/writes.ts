import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { decodeValue } from "../../src/core/values.ts";
import { createClock } from "../../src/testing/clock.ts";
import { inFolder } from "../folder.ts";
import { live } from "../kills/life.ts";
import { type Plan, runsFile } from "../kills/plan.ts";
import { committed, endState, scenarioResult } from "../scenario.ts";
import type { Side } from "../simulated/drive.ts";
import { type EngineProcess, openProcess } from "../simulated/process.ts";
import { count, emptyTally, inLanes, messageOf, type Suite, type Tally } from "./suite.ts";

const lanes = 16;
/** More than the scenario has. */
const mostWrites = 100;
const sides: readonly Side[] = ["before", "inside", "after"];

/** One fixed scenario, and SIGKILL before, inside and after every one of its writes. */
export const writes: Suite = {
  name: "writes",
  async run(task) {
    const tally = emptyTally();
    const undisturbed = await runThrough(undefined);
    let last = mostWrites;
    await inLanes(lanes, places(), async (kill) => {
      if (kill.write > last) return;
      try {
        const one = await runThrough(kill);
        if (one.wasKilled) compare(one, undisturbed, tally);
        else last = Math.min(last, kill.write - 1);
      } catch (error) {
        const what = `${kill.side} write ${kill.write}: ${messageOf(error)}`;
        tally.mismatches.push({ suite: "writes", seed: task.seed, what, repeat: "npm run crash -- --only writes" });
      }
    });
    count(tally, "writes", last);
    return tally;
  },
  floor: () => ({ kills: 60, checkpoints: 60, counts: { writes: 20 } }),
};

/** Until one is reached that the scenario does not come to any more. */
function* places(): Generator<{ write: number; side: Side }> {
  for (let write = 1; write <= mostWrites; write++) for (const side of sides) yield { write, side };
}

interface Run {
  wasKilled: boolean;
  state: object;
  runs: Map<string, number>;
  /** How often what was on the record at the kill had run by then. */
  runsBefore: Map<string, number>;
  checkpoints: number;
}

async function runThrough(kill: Plan["kill"] | undefined): Promise<Run> {
  return inFolder(async (folder) => {
    const plan = { folder, work: { kind: "scenario" } } as const;
    const runsBefore = new Map<string, number>();
    const { wasKilled } = await live({ ...plan, deaths: 0, kill: kill ?? null });
    if (wasKilled) {
      const runs = countRuns(folder);
      await reading(folder, async (process, id) => {
        for (const name of committed(process, id)) runsBefore.set(name, runs.get(name) ?? 0);
      });
      await live({ ...plan, deaths: 1, kill: null });
    }
    return reading(folder, async (process, id) => {
      const state = { ...endState(process, id), result: resultOf(process, id) };
      const checkpoints = process.store.journal.load(process.get(id).seq).filter(({ kind }) => kind === "checkpoint");
      return { wasKilled, state, runs: countRuns(folder), runsBefore, checkpoints: checkpoints.length };
    });
  });
}

function compare(one: Run, undisturbed: Run, tally: Tally): void {
  tally.kills++;
  tally.checkpoints += one.checkpoints;
  count(tally, "places");
  if (!isDeepStrictEqual(one.state, undisturbed.state)) {
    throw new Error(`it left ${JSON.stringify(one.state)} instead of ${JSON.stringify(undisturbed.state)}`);
  }
  for (const [name, before] of one.runsBefore) {
    if (one.runs.get(name) !== before && !/^(item|aside|flaky)$/.test(name)) {
      throw new Error(`${name} was on the record and ran again`);
    }
  }
  for (const [name, runs] of one.runs) {
    const most = (undisturbed.runs.get(name) ?? 0) + 1;
    if (runs > most) throw new Error(`${name} ran ${runs} times instead of at most ${most}`);
  }
}

function resultOf({ store, get }: EngineProcess, id: string): unknown {
  const execution = get(id);
  if (execution.status !== "completed") throw new Error(`it is ${JSON.stringify(execution)}`);
  const result = execution.result === null ? undefined : decodeValue(store.payloads.read(execution.result));
  if (!isDeepStrictEqual(result, scenarioResult)) throw new Error(`it resulted in ${JSON.stringify(result)}`);
  return result;
}

async function reading<T>(folder: string, read: (process: EngineProcess, id: string) => Promise<T>): Promise<T> {
  const process = openProcess(folder, [], { clock: createClock() });
  try {
    const id = process.store.idempotencyKeys.find("run", "the one")?.executionId;
    return await read(process, id ?? "");
  } finally {
    await process.close();
  }
}

function countRuns(folder: string): Map<string, number> {
  const runs = new Map<string, number>();
  for (const name of linesOf(join(folder, runsFile))) runs.set(name, (runs.get(name) ?? 0) + 1);
  return runs;
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n").slice(0, -1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
