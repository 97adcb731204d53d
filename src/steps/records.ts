import type { Step } from "../definitions/model/steps.ts";
import type { StepRecord } from "../definitions/values/scope.ts";
import { requireFlowScope } from "../flows/scope.ts";
import type { StepOutcome } from "./step-kind.ts";
import type { Walk } from "./walk.ts";

/** Puts down what a step came to, for the steps after it. */
export function note({ id }: Step, { scope }: Walk, record: StepRecord): void {
  scope.steps[id] = { error: null, ...record };
}

/** Puts down that a step was not taken. */
export async function skipStep(step: Step, walk: Walk, why: string): Promise<StepOutcome> {
  const { runtime, path } = requireFlowScope("a step", "steps run in the flow");
  await runtime.skip({ scope: path, name: step.id, type: step.type, why });
  note(step, walk, { output: null, status: "skipped" });
  return { output: null, isSkipped: true };
}
