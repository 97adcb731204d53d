import { leaveNothingBehind } from "./folder.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { plantAll } from "./planted/planted.ts";
import { hasFailed, type Ran, type Report, reportOf, summary } from "./report.ts";
import { soak } from "./soak/soak.ts";
import { damage } from "./suites/damage.ts";
import { kills } from "./suites/kills.ts";
import { programs } from "./suites/programs.ts";
import { races } from "./suites/races.ts";
import { emptyTally, messageOf, type Suite, type Tally, type Task } from "./suites/suite.ts";
import { writes } from "./suites/writes.ts";
import { zombie } from "./suites/zombie.ts";

/** Suites of one stage run side by side; those in which instants matter come last. */
const stages: Suite[][] = [
  [programs, kills, writes],
  [zombie, damage, races],
];

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  leaveNothingBehind();
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`crash: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  if (options.planted) return showPlanted(options);
  const report = await run(options);
  console.log(options.json ? JSON.stringify(report) : summary(report));
  return hasFailed(report) ? 1 : 0;
}

/** Fails when a planted bug is not caught. */
async function showPlanted({ seed, json }: Options): Promise<number> {
  const all = await plantAll(seed, ({ bug, caughtBy, example }) => {
    const suites = Object.entries(caughtBy).map(([suite, mismatches]) => `${suite} ${mismatches}`);
    if (!json)
      console.log(`${suites.length > 0 ? "caught" : "MISSED"}  ${bug}: ${suites.join(", ")}\n        ${example ?? ""}`);
  });
  const missed = all.filter(({ caughtBy }) => Object.keys(caughtBy).length === 0).map(({ bug }) => bug);
  console.log(
    json ? JSON.stringify({ seed, planted: all, missed }) : `${all.length - missed.length} of ${all.length} caught`,
  );
  return missed.length > 0 ? 1 : 0;
}

async function run({ seed, programs: asked, kills: killed, only, soak: minutes, json }: Options): Promise<Report> {
  const say = (line: string) => void (json || console.log(line));
  const task: Task = { seed, programs: asked, kills: killed, say };
  say(`seed ${seed}, ${asked} programs, at least ${killed} kills`);
  const startedAt = performance.now();
  const ran: Ran[] = [];
  if (minutes !== undefined) return reportOf([await runSuite(soaking(minutes), task)], task, secondsSince(startedAt));
  for (const stage of chosen(only)) ran.push(...(await Promise.all(stage.map((suite) => runSuite(suite, task)))));
  return reportOf(ran, task, secondsSince(startedAt));
}

/** Fails unless work went on and workers died all the time. */
function soaking(minutes: number): Suite {
  return {
    name: "soak",
    run: (task) => soak(task, minutes),
    floor: () => ({
      programs: Math.ceil(minutes * 30),
      kills: Math.ceil(minutes * 5),
      checkpoints: Math.ceil(minutes * 60),
    }),
  };
}

async function runSuite(suite: Suite, task: Task): Promise<Ran> {
  const startedAt = performance.now();
  const tally = await suite.run(task).catch((error: unknown) => broken(suite, task, error));
  const seconds = secondsSince(startedAt);
  task.say(`${suite.name}: ${seconds} s, ${tally.mismatches.length} mismatches`);
  return { suite, tally, seconds };
}

/** A suite that could not be run to its end. */
function broken({ name }: Suite, { seed }: Task, error: unknown): Tally {
  const repeat = `npm run crash -- --only ${name} --seed ${seed}`;
  return { ...emptyTally(), mismatches: [{ suite: name, seed, what: messageOf(error), repeat }] };
}

function chosen(only: string[] | undefined): Suite[][] {
  if (only === undefined) return stages;
  return stages.map((stage) => stage.filter(({ name }) => only.includes(name)));
}

function secondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) / 100) / 10;
}
