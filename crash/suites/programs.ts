import { inFolder } from "../folder.ts";
import { check } from "../programs/check.ts";
import { programFlow } from "../programs/flow.ts";
import { makeProgram } from "../programs/generator.ts";
import { type JournalView, type Observation, observing } from "../programs/observations.ts";
import { below, type Random, randomOf } from "../programs/random.ts";
import { recordOf } from "../programs/record.ts";
import { overdueMs, worldOf } from "../programs/surroundings.ts";
import { drive } from "../simulated/drive.ts";
import { hashArguments } from "../simulated/process.ts";
import type { World } from "../simulated/world.ts";
import { count, emptyTally, inLanes, messageOf, type Suite, type Tally, type Task } from "./suite.ts";

const lanes = 40;
const mostCrashes = 6;
const sides = ["before", "inside", "after"] as const;

/** Random programs in this process, which "dies" before or after commits and drops activations after settlements. */
export const programs: Suite = {
  name: "programs",
  async run(task) {
    const tally = emptyTally();
    await inLanes(lanes, seedsOf(task), async (seed) => {
      try {
        await runOne(seed, tally);
      } catch (error) {
        const repeat = `npm run crash -- --only programs --programs 1 --seed ${seed}`;
        tally.mismatches.push({ suite: "programs", seed, what: messageOf(error), repeat });
      }
      if (++tally.programs % 500 === 0) task.say(`${tally.programs} programs, ${tally.mismatches.length} mismatches`);
    });
    return tally;
  },
  floor: ({ programs: asked }) => ({
    programs: asked,
    ...(asked >= 50 && {
      crashes: Math.floor(asked / 2),
      checkpoints: asked * 2,
      counts: { drops: asked, "leaps of the clock": Math.floor(asked / 5) },
    }),
  }),
};

function* seedsOf({ seed, programs: asked }: Task): Generator<number> {
  for (let index = 0; index < asked; index++) yield seed + index;
}

async function runOne(seed: number, tally: Tally): Promise<void> {
  const random = randomOf(seed);
  const program = makeProgram(random);
  const mode = modeOf(random);
  const observations: Observation[] = [];
  const record: { of: JournalView } = { of: { isSettled: () => false, isMended: () => false } };
  const observer = observing(
    { isSettled: (...place) => record.of.isSettled(...place), isMended: (id) => record.of.isMended(id) },
    (observation) => observations.push(observation),
  );
  await inFolder(async (folder) => {
    let crashes = 0;
    const { execution, last, drops } = await drive({
      folder,
      flow: programFlow(observer),
      input: program,
      timeoutMs: program.end === "overdue" ? overdueMs : null,
      world: {
        ...counted(worldOf(random, mode), tally),
        onSettled: (wait) => observations.push({ kind: "settled", wait }),
      },
      crashAt() {
        if (crashes >= mostCrashes || random() > mode.crashes) return undefined;
        crashes++;
        return sides[below(random, sides.length)];
      },
      ...(mode.isDropped && { drops: () => true }),
      onOpen(process) {
        record.of = recordOf(process.store);
      },
    });
    try {
      const interruptions = crashes + drops;
      const { checkpoints } = check({
        program,
        execution,
        process: last,
        hash: hashArguments,
        observations,
        interruptions,
      });
      tally.crashes += crashes;
      tally.checkpoints += checkpoints;
      count(tally, "drops", drops);
      count(tally, "bodies", observations.filter(({ kind }) => kind === "body").length);
    } finally {
      await last.close();
    }
  });
}

function counted(world: World, tally: Tally): World {
  return {
    ...world,
    meddle() {
      const meddling = world.meddle?.();
      if (meddling !== undefined) count(tally, names[meddling.kind]);
      return meddling;
    },
  };
}

const names = { pause: "pauses", early: "early answers", leap: "leaps of the clock" };

/** A third of the programs is dropped after every settlement, a third runs while clocks leap. */
function modeOf(random: Random) {
  const draw = below(random, 3);
  return { crashes: draw === 0 ? 0.03 : 0.12, isDropped: draw === 0, isLeaping: draw === 1, isMeddled: random() < 0.5 };
}
