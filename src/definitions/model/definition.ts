import { z } from "zod";
import { duration, guardrails, identifier, model, oneLine, workflowName } from "./fields.ts";
import { inputs } from "./inputs.ts";
import { step } from "./steps.ts";
import { trigger } from "./triggers.ts";

/**
 * What a workflow's file says, in one form: other systems' names are read, agents without steps are one step, and
 * every default is filled in. The fields keep their names in files; durations are in milliseconds.
 */
export const workflowDefinition = z.strictObject({
  name: workflowName,
  title: z.string().optional(),
  description: z.string().optional(),
  inputs: inputs.default({}),
  /** Step, or `*` for all, to an alias or `provider:model`. */
  models: z.record(z.union([z.literal("*"), identifier]), model).default({}),
  guardrails: guardrails.default({}),
  /** For each step that has none of its own. */
  timeout: duration.optional(),
  triggers: z.array(trigger).max(100, "must have at most 100 entries").default([]),
  tags: z.array(oneLine).max(50, "must have at most 50 entries").default([]),
  steps: z.array(step).min(1, "must hold at least one step"),
  /** What the workflow answers: any value that may hold references. By default the output of the last step. */
  outputs: z.unknown().optional(),
});
export type WorkflowDefinition = z.infer<typeof workflowDefinition>;
