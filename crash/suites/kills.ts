import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { createClock } from "../../src/testing/clock.ts";
import { inFolder } from "../folder.ts";
import { live } from "../kills/life.ts";
import { idempotencyKeyOf, observationsFile, type Plan } from "../kills/plan.ts";
import { check } from "../programs/check.ts";
import { makeProgram } from "../programs/generator.ts";
import { fromFile, type Observation } from "../programs/observations.ts";
import { below, type Random, randomOf } from "../programs/random.ts";
import { familyOf, type Kept } from "../programs/record.ts";
import { allSteps, type Program, type Step } from "../programs/steps.ts";
import { type EngineProcess, hashArguments, openProcess } from "../simulated/process.ts";
import { count, emptyTally, inLanes, messageOf, type Suite, type Tally } from "./suite.ts";

/** Programs of one process. */
export const programsEach = 8;
const killsEach = 5;
const lanes = 4;

/** Random programs in a process of their own, which SIGKILL ends again and again; beside it, one that is left alone. */
export const kills: Suite = {
  name: "kills",
  async run(task) {
    const tally = emptyTally();
    await inLanes(
      lanes,
      batchSeeds(task.seed, () => tally.kills < task.kills),
      async (seed) => {
        try {
          await runBatch(seed, tally);
        } catch (error) {
          const repeat = `npm run crash -- --only kills --kills 1 --seed ${seed}`;
          tally.mismatches.push({ suite: "kills", seed, what: messageOf(error), repeat });
          // Its kills may never have come.
          tally.kills += killsEach;
        }
      },
    );
    return tally;
  },
  floor: ({ kills: asked }) => ({ kills: asked, programs: Math.min(asked, programsEach), checkpoints: asked }),
};

function* batchSeeds(first: number, isWanted: () => boolean): Generator<number> {
  for (let seed = first; isWanted(); seed += programsEach) yield seed;
}

async function runBatch(seed: number, tally: Tally): Promise<void> {
  const random = randomOf(seed);
  const work = { kind: "programs", firstSeed: seed, programs: programsEach } as const;
  const undisturbed = await inFolder(async (folder) => {
    await live({ folder, work, deaths: 0, kill: null });
    return checkBatch(folder, seed, 0);
  });
  await inFolder(async (folder) => {
    let deaths = 0;
    const liveOn = () => {
      const { plan, afterMs } = nextKill({ folder, work, deaths }, random);
      return live(plan, afterMs);
    };
    while ((await liveOn()).wasKilled) deaths++;
    const disturbed = await checkBatch(folder, seed, deaths);
    for (const [index, state] of disturbed.states.entries()) {
      const other = undisturbed.states[index];
      if (state === undefined || isDeepStrictEqual(state, other)) continue;
      throw new Error(`program ${seed + index} left ${JSON.stringify(state)}\nwithout kills ${JSON.stringify(other)}`);
    }
    tally.kills += deaths;
    tally.programs += programsEach;
    tally.checkpoints += disturbed.checkpoints;
    count(tally, "compared with an undisturbed run", disturbed.states.filter((state) => state !== undefined).length);
  });
}

/** Most kill themselves at a write that is chosen beforehand; some are killed from outside at any moment. */
function nextKill(base: Omit<Plan, "kill">, random: Random): { plan: Plan; afterMs?: number } {
  if (base.deaths >= killsEach) return { plan: { ...base, kill: null } };
  if (random() < 0.3) return { plan: { ...base, kill: null }, afterMs: below(random, 120) };
  const side = (["before", "inside", "after"] as const)[below(random, 3)] ?? "before";
  return { plan: { ...base, kill: { write: 1 + below(random, 40), side } } };
}

/** Checks every program of a batch whose process has ended. @throws Error for the first that is not as it must be */
export async function checkBatch(folder: string, firstSeed: number, interruptions: number) {
  const observations = fromFile(join(folder, observationsFile));
  const process = openProcess(folder, [], { clock: createClock() });
  try {
    let checkpoints = 0;
    const states: (unknown[] | undefined)[] = [];
    for (let seed = firstSeed; seed < firstSeed + programsEach; seed++) {
      const program = makeProgram(randomOf(seed));
      const id = process.store.idempotencyKeys.find("run", idempotencyKeyOf(seed))?.executionId;
      if (id === undefined) throw new Error(`program ${seed} was lost`);
      const family = familyOf(process.store, process.get(id));
      const own = observationsOf(family, observations);
      try {
        checkpoints += check({
          program,
          execution: process.get(id),
          process,
          hash: hashArguments,
          observations: own,
          interruptions,
        }).checkpoints;
      } catch (error) {
        throw new Error(`program ${seed}: ${messageOf(error)}\n${JSON.stringify(program)}`);
      }
      states.push(stateOf(program, family));
    }
    assertWhole(process);
    return { checkpoints, states };
  } finally {
    await process.close();
  }
}

function observationsOf(family: Kept[], all: readonly Observation[]): Observation[] {
  const ids = new Set(family.map(({ execution }) => execution.id));
  const runs = new Set(all.flatMap((one) => (one.kind === "body" && ids.has(one.execution) ? [one.run] : [])));
  return all.filter((one) => {
    if (one.kind === "ran") return ids.has(one.key.split(/[:+]/)[0] ?? "");
    return one.kind === "settled" ? ids.has(one.wait.split(":")[0] ?? "") : runs.has(one.run);
  });
}

/** The end state of a program on which time has no influence; undefined for others. */
function stateOf(program: Program, family: Kept[]): unknown[] | undefined {
  const timed = ["race", "foreign", "crossing"];
  // What nobody awaits when the body throws may or may not have come to its end.
  const isCutOff = (step: Step) =>
    program.end === "throws" && (step.op === "submit" || step.op === "child") && !step.taken;
  const isTimed = [...allSteps(program.steps)].some(
    (step) => timed.includes(step.op) || (step.op === "wait" && step.expires) || isCutOff(step),
  );
  if (isTimed) return undefined;
  return family.map(({ execution, entries }) => ({
    status: execution.status,
    entries: entries
      // Numbers follow the order in which calls began, which between branches that run beside each other is anybody's.
      .map(({ kind, scope, name, status, argumentsHash, attempt, output, failure }) => {
        const isOwn = kind === "value" || kind === "load";
        const message = failure?.message.replace(/deadline, .*/, "").replaceAll(/#\d+/g, "");
        const kept = isOwn ? [] : [argumentsHash, attempt, output, message];
        return JSON.stringify([kind, scope, name, status, ...kept]);
      })
      .sort(),
  }));
}

function assertWhole({ store }: EngineProcess): void {
  const found: unknown = store.reader().pragma("integrity_check", { simple: true });
  if (found !== "ok") throw new Error(`integrity_check: ${String(found)}`);
}
