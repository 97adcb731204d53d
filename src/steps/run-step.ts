import type { Step } from "../definitions/model/steps.ts";
import { evaluateCondition } from "../definitions/values/conditions.ts";
import { MissingValueError, ValueSyntaxError } from "../definitions/values/reference.ts";
import { save } from "../flows/artifacts.ts";
import { CheckpointFailed, StepFailed } from "../flows/errors.ts";
import { recordedOutcome } from "./fixtures/recorded-outcome.ts";
import { kindOf } from "./kinds.ts";
import { note, skipStep } from "./records.ts";
import type { StepOutcome } from "./step-kind.ts";
import { openStepRun } from "./step-run.ts";
import { fillInText } from "./values.ts";
import type { Walk } from "./walk.ts";

/** Runs one step to its end and puts down what it came to, for the steps after it. */
export async function runStep(step: Step, walk: Walk): Promise<StepOutcome> {
  let outcome: StepOutcome;
  try {
    outcome = await runKind(step, walk);
    await saveArtifact(step, walk, outcome);
  } catch (error) {
    return failed(step, walk, error);
  }
  note(step, walk, { output: outcome.output, status: outcome.isSkipped === true ? "skipped" : "completed" });
  return { ...outcome, jump: outcome.jump ?? (outcome.isSkipped === true ? undefined : step.next_step) };
}

/** A value that is not there fails the step like everything else, on the record. */
async function runKind(step: Step, walk: Walk): Promise<StepOutcome> {
  const run = openStepRun(step, walk);
  try {
    if (step.when !== undefined && !evaluateCondition(step.when, walk.scope)) {
      return await skipStep(step, walk, "its condition does not hold");
    }
    return (await recordedOutcome(run)) ?? (await kindOf(step)(run));
  } catch (error) {
    const reason = valueProblem(step, error);
    if (reason === undefined) throw error;
    return run.checkpoint([reason.message], () => Promise.reject(reason), { type: step.type, retries: 0 });
  }
}

function valueProblem({ id }: Step, error: unknown): StepFailed | undefined {
  if (error instanceof MissingValueError) {
    return new StepFailed(id, error.message, { code: "missing_value", hint: error.hint });
  }
  if (error instanceof ValueSyntaxError)
    return new StepFailed(id, error.message, { code: error.code, hint: error.hint });
  if (error instanceof StepFailed && error.cause === undefined && error.step === id) return error;
  if (error instanceof Error && error.message.startsWith("the template cannot be rendered")) {
    return new StepFailed(id, error.message, { code: "bad_template" });
  }
  return undefined;
}

async function saveArtifact({ id, save_artifact }: Step, walk: Walk, outcome: StepOutcome): Promise<void> {
  if (save_artifact === undefined || save_artifact === false) return;
  if (outcome.isSkipped === true || outcome.hasSavedArtifact === true) return;
  await save(artifactName({ id, save_artifact }, walk), outcome.output ?? null);
}

/** What the artifact of a step is called. */
function artifactName({ id, save_artifact }: Pick<Step, "id" | "save_artifact">, walk: Walk): string {
  return typeof save_artifact === "string" ? fillInText(save_artifact, walk.scope) : id;
}

/** A failure ends the list, unless the step says that the work goes on. */
function failed(step: Step, walk: Walk, error: unknown): StepOutcome {
  const failure = stepFailure(step, error);
  const { code } = failure.cause instanceof CheckpointFailed ? failure.cause : failure;
  // Also where it ends the list: the step around it may let the others go on.
  note(step, walk, { output: null, status: "failed", error: { code, message: failure.message } });
  if (step.on_error === "fail") throw failure;
  return { output: null, jump: step.next_step };
}

/** The step furthest in is the one that failed. */
function stepFailure({ id }: Step, error: unknown): StepFailed {
  if (error instanceof StepFailed) return error;
  const reason = error instanceof CheckpointFailed && error.cause instanceof Error ? error.cause : error;
  const message = reason instanceof Error ? reason.message : String(reason);
  return new StepFailed(id, message.replace(`step ${id}: `, ""), { cause: error });
}
