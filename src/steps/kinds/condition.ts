import type { Condition } from "../../definitions/model/condition.ts";
import type { ConditionStep } from "../../definitions/model/steps.ts";
import { evaluateCondition } from "../../definitions/values/conditions.ts";
import { skipStep } from "../records.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";

/**
 * Chooses a branch and runs its steps. The choice is a checkpoint, so that it is seen, and that a replay can have it
 * otherwise.
 */
export async function conditionStep(run: StepRun<ConditionStep>): Promise<StepOutcome> {
  const { step } = run;
  const holds = evaluateCondition(conditionOf(step), run.scope);
  const branch = await run.checkpoint([holds], () => (holds ? "then" : "else"), { retries: 0 });
  const [taken, other] = branch === "then" ? [step.then, step.else] : [step.else, step.then];
  const beside = run.walk(other ?? []);
  for (const one of beside.steps) await skipStep(one, beside, "the condition led the other way");
  if (taken !== undefined) await run.runList(run.walk(taken));
  return { output: branch, jump: branch === "then" ? step.then_step : step.else_step };
}

function conditionOf({ field, operator, value, all, any, not }: ConditionStep): Condition {
  if (all !== undefined) return { all };
  if (any !== undefined) return { any };
  if (not !== undefined) return { not };
  return { field: field ?? "", operator: operator ?? "exists", value };
}
