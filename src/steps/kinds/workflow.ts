import type { Step } from "../../definitions/model/steps.ts";
import { placeIn, requireFlowScope } from "../../flows/scope.ts";
import type { LocatedWorkflow } from "../ports.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";

type WorkflowStep = Extract<Step, { type: "workflow" }>;

/**
 * Starts another workflow as a child. Which version it is, is put on the record first: a crash or a replay in between
 * starts no other.
 */
export async function workflowStep(run: StepRun<WorkflowStep>): Promise<StepOutcome> {
  const { step, ports, attempts } = run;
  const input = run.value(step.input ?? {});
  const located: unknown = await run.checkpoint([step.workflow, input], () =>
    ports.locateWorkflow(step.workflow, input),
  );
  // What a replay was told to take stands for the child: none is started.
  if (!isLocated(located)) return { output: located };
  const { runtime, path } = requireFlowScope("a workflow step", "steps run in the flow");
  const child = await runtime.child({
    name: located.name,
    scope: placeIn(path, step.id),
    workflow: { version: located.version, target: located.target },
    input,
    tags: [],
    timeoutMs: (typeof attempts.timeout === "number" ? attempts.timeout : undefined) ?? located.timeoutMs,
    stack: undefined,
    limits: located.limits,
    models: {},
  });
  const { executionId } = child;
  if (!step.wait)
    return { output: { execution_id: executionId, workflow: located.name, status: "started", result: null } };
  const result = await run.parked(child.result());
  return { output: { execution_id: executionId, workflow: located.name, status: "completed", result: result ?? null } };
}

function isLocated(value: unknown): value is LocatedWorkflow {
  return typeof value === "object" && value !== null && "version" in value && "target" in value && "timeoutMs" in value;
}
