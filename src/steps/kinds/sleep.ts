import { parseDuration } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import type { Step } from "../../definitions/model/steps.ts";
import { StepFailed } from "../../flows/errors.ts";
import { requireFlowScope } from "../../flows/scope.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";

type SleepStep = Extract<Step, { type: "sleep" }>;

/** A durable pause, or one until an instant. */
export async function sleepStep(run: StepRun<SleepStep>): Promise<StepOutcome> {
  const { runtime, path } = requireFlowScope("a sleep step", "steps run in the flow");
  await run.parked(runtime.sleep({ until: untilOf(run), scope: path, name: run.step.id }));
  return { output: null };
}

/** @throws StepFailed */
function untilOf({ step, text }: StepRun<SleepStep>): { ms: number } | { at: Date } {
  if (step.until !== undefined) {
    const written = text(step.until);
    const at = new Date(written);
    if (!Number.isNaN(at.getTime())) return { at };
    const hint = "Write an instant such as 2026-03-01T09:00:00Z.";
    throw new StepFailed(step.id, `until: ${JSON.stringify(written)} is no instant`, { code: "bad_instant", hint });
  }
  const duration = typeof step.duration === "string" ? text(step.duration) : step.duration;
  try {
    return { ms: parseDuration(duration, "s") };
  } catch (error) {
    throw new StepFailed(step.id, messageOf(error), { code: "bad_duration", hint: 'Write "90s", "15m" or "2h".' });
  }
}
