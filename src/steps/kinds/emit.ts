import type { Step } from "../../definitions/model/steps.ts";
import { emit } from "../../flows/emit.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";

/** Puts an event of the workflow's own on the timeline. */
export async function emitStep(run: StepRun<Extract<Step, { type: "emit" }>>): Promise<StepOutcome> {
  const event = run.text(run.step.event);
  const data = run.value(run.step.data ?? null);
  const output = await run.checkpoint([event, data], () => {
    emit(event, data);
    return data;
  });
  return { output };
}
