import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../core/errors.ts";
import { shown } from "../core/shown.ts";
import type { CrashPoint } from "./crash-options.ts";
import { openTestEngine, type TestEngine, type TestEngineOptions } from "./test-engine.ts";

export interface CrashScenario<End> {
  /** What each run opens: made anew, so that mocked models and the like begin from the beginning. */
  engine: () => Omit<TestEngineOptions, "crash" | "folder">;
  /** What is done and answered; what it returns is the end state. */
  run(t: TestEngine): Promise<End>;
  /**
   * Throws where an end state is wrong; without `crash` it is that of the run that nothing disturbed. Default: every end
   * state must equal that one.
   */
  check?(end: End, crash: Required<CrashPoint> | undefined): void | Promise<void>;
}

export interface SurvivedCrashes {
  /** Writes of the undisturbed run. */
  writes: number;
  /** Crashes after which the end state was right. */
  survived: number;
}

const sides = ["before", "after"] as const;
/** How often a run may make fewer writes than the first one: what comes at the same time is written together. */
const mostTries = 3;

/**
 * Runs a scenario once undisturbed, and once for each write and each side of it with a crash there.
 * @throws Error that names the write, with what `check` or the scenario threw as its cause; also where no crash came
 *
 * @example
 * const { survived } = await everyCrashPoint({
 *   engine: () => ({ flows: [order] }),
 *   run: async (t) => (await t.run(order, { id: 7 })).result(),
 * });
 */
export async function everyCrashPoint<End>(scenario: CrashScenario<End>): Promise<SurvivedCrashes> {
  const undisturbed = await runOnce(scenario, undefined);
  await checked(scenario, undisturbed.end, { expected: undisturbed.end, crash: undefined });
  const { writes } = undisturbed;
  if (writes === 0)
    throw new Error("the scenario writes nothing, so that there is nowhere to crash: let it run a flow");
  let survived = 0;
  for (let write = 1; write <= writes; write++) {
    for (const side of sides) {
      const crash = { write, side };
      const { end } = await crashing(scenario, crash, writes);
      await checked(scenario, end, { expected: undisturbed.end, crash });
      survived++;
    }
  }
  return { writes, survived };
}

async function crashing<End>(scenario: CrashScenario<End>, crash: Required<CrashPoint>, writes: number) {
  for (let tries = 0; tries < mostTries; tries++) {
    try {
      const ended = await runOnce(scenario, crash);
      if (ended.crashes > 0) return ended;
    } catch (error) {
      throw failed(`does not survive a crash ${placeOf(crash, writes)}`, error);
    }
  }
  throw new Error(`no crash came ${placeOf(crash, writes)}: the scenario does something else each time it is run`);
}

async function runOnce<End>(scenario: CrashScenario<End>, crash: CrashPoint | undefined) {
  const t = openTestEngine({ ...scenario.engine(), ...(crash === undefined ? {} : { crash }) });
  try {
    const end = await scenario.run(t);
    await t.settled();
    return { end, writes: t.writes, crashes: t.crashes };
  } finally {
    await t.close();
  }
}

async function checked<End>(
  { check }: CrashScenario<End>,
  end: End,
  { expected, crash }: { expected: End; crash: Required<CrashPoint> | undefined },
): Promise<void> {
  const where = crash === undefined ? "without any crash" : `after a crash ${placeOf(crash)}`;
  if (check === undefined) {
    if (isDeepStrictEqual(end, expected)) return;
    throw new Error(`the end state ${where} is ${shown(end)}, and not ${shown(expected)}`);
  }
  try {
    await check(end, crash);
  } catch (error) {
    throw failed(`has the wrong end state ${where}`, error);
  }
}

function failed(what: string, cause: unknown): Error {
  return new Error(`the scenario ${what}: ${messageOf(cause)}`, { cause });
}

function placeOf({ write, side }: Required<CrashPoint>, writes?: number): string {
  return `${side} write ${write}${writes === undefined ? "" : ` of ${writes}`}`;
}
