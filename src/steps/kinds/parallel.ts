import type { ParallelStep } from "../../definitions/model/steps.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";

/** Runs its steps at the same time. */
export async function parallelStep(run: StepRun<ParallelStep>): Promise<StepOutcome> {
  const { steps, concurrency, on_error } = run.step;
  const walk = run.walk(steps);
  await run.runList(walk, { isParallel: true, concurrency, keepsGoing: on_error === "continue" });
  return { output: Object.fromEntries(steps.map(({ id }) => [id, walk.scope.steps[id]?.output ?? null])) };
}
