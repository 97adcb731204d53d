import type { Step } from "../../definitions/model/steps.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";

/** Works a value out of others, once, for several steps to refer to. */
export async function setStep(run: StepRun<Extract<Step, { type: "set" }>>): Promise<StepOutcome> {
  const value = run.value(run.step.value);
  return { output: await run.checkpoint([value], () => value, { retries: 0 }) };
}
