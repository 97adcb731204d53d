import type { Limits } from "../../core/guardrails.ts";
import type { JsonSchema } from "../../core/json-schema.ts";
import type { WorkflowDefinition } from "./definition.ts";
import { inputSchema } from "./inputs.ts";
import type { Step } from "./steps.ts";

/** What is known of a definition without running it. */
export interface DefinitionDescription {
  inputSchema: JsonSchema;
  description: string | undefined;
  limits: Limits | undefined;
}

export function describeDefinition({ inputs, description, guardrails }: WorkflowDefinition): DefinitionDescription {
  const limits = Object.keys(guardrails).length === 0 ? undefined : guardrails;
  return { inputSchema: inputSchema(inputs), description, limits };
}

/** All steps at any depth, outer ones first. */
export function stepsOf(steps: readonly Step[]): Step[] {
  return steps.flatMap((step) => [step, ...stepsOf(innerSteps(step))]);
}

function innerSteps(step: Step): Step[] {
  if (step.type === "condition") return [...(step.then ?? []), ...(step.else ?? [])];
  return step.type === "parallel" || step.type === "loop" ? step.steps : [];
}
