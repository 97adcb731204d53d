import { shown } from "../../core/shown.ts";
import type { Condition } from "../../definitions/model/condition.ts";
import type { ConditionStep } from "../../definitions/model/steps.ts";
import { evaluateCondition } from "../../definitions/values/conditions.ts";
import { StepFailed } from "../../flows/errors.ts";
import { skipStep } from "../records.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";

/**
 * Chooses a branch and runs its steps. The choice is a checkpoint, so that it is seen, and that a replay can have it
 * otherwise.
 */
export async function conditionStep(run: StepRun<ConditionStep>): Promise<StepOutcome> {
  const { step } = run;
  const holds = evaluateCondition(conditionOf(step), run.scope);
  const branch: unknown = await run.checkpoint([holds], () => (holds ? "then" : "else"), { retries: 0 });
  if (branch !== "then" && branch !== "else") throw noBranch(step, branch);
  const [taken, other] = branch === "then" ? [step.then, step.else] : [step.else, step.then];
  const beside = run.walk(other ?? []);
  for (const one of beside.steps) await skipStep(one, beside, "the condition led the other way");
  if (taken !== undefined) await run.runList(run.walk(taken));
  return { output: branch, jump: branch === "then" ? step.then_step : step.else_step };
}

/** A replay was told to take it. */
function noBranch({ id }: ConditionStep, branch: unknown): StepFailed {
  return new StepFailed(id, `it leads to "then" or to "else", and not to ${shown(branch)}`, {
    code: "bad_override",
    // Not put on the record as this step's checkpoint, which has been overridden.
    cause: new Error("an override"),
    hint: `Override it with one of the two: { "checkpoint.${id}": "else" }.`,
  });
}

function conditionOf({ field, operator, value, all, any, not }: ConditionStep): Condition {
  if (all !== undefined) return { all };
  if (any !== undefined) return { any };
  if (not !== undefined) return { not };
  return { field: field ?? "", operator: operator ?? "exists", value };
}
