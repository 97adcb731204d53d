import { didYouMean } from "../../core/suggest.ts";
import type { Step } from "../../definitions/model/steps.ts";
import { checkpointContext } from "../../flows/checkpoint.ts";
import { StepFailed } from "../../flows/errors.ts";
import { executionId } from "../../flows/values.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";
import { workspaceOf } from "../workspace.ts";

type FunctionStep = Extract<Step, { type: "function" }>;

/** Calls a function of a module beside the definition, with the step's arguments and what it may know of the step. */
export async function functionStep(run: StepRun<FunctionStep>): Promise<StepOutcome> {
  const { step, scope, ports } = run;
  const args = run.value(step.args);
  const output = await run.checkpoint([{ module: step.module, function: step.function, args }], async () => {
    const { signal, idempotencyKey, attempt } = checkpointContext();
    const folders = { projectRoot: ports.projectRoot, workspace: workspaceOf(run) };
    const context = { ...folders, signal, idempotencyKey, attempt, executionId: executionId(), step: step.id };
    // Copies: other steps see the same values, and are to see them as they are.
    const [ownArgs, inputs] = structuredClone([args, scope.inputs]);
    const result: unknown = await functionOf(run)(ownArgs, { ...context, inputs });
    return result ?? null;
  });
  return { output };
}

function functionOf({ step, functions }: StepRun<FunctionStep>): (...args: unknown[]) => unknown {
  const exported = Object.hasOwn(functions, step.module) ? functions[step.module] : undefined;
  if (exported === undefined) {
    throw missing(step, `this version of the workflow has no module ${step.module}`, Object.keys(functions));
  }
  const found = Object.hasOwn(exported, step.function) ? exported[step.function] : undefined;
  if (typeof found === "function") return (...args) => Reflect.apply(found, undefined, args);
  const names = Object.keys(exported).filter((name) => typeof exported[name] === "function");
  const what = found === undefined ? `exports no ${step.function}` : `exports ${step.function}, which is no function`;
  throw missing(step, `${step.module} ${what}`, names);
}

function missing({ id, function: name }: FunctionStep, message: string, names: readonly string[]): StepFailed {
  const all = names.length === 0 ? "There are none." : `There are: ${names.slice(0, 20).join(", ")}.`;
  return new StepFailed(id, message, { code: "unknown_function", hint: didYouMean(name, [...names]) ?? all });
}
