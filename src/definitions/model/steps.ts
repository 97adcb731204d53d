import { z } from "zod";
import { comparisonShape, condition, test } from "./condition.ts";
import * as field from "./fields.ts";
import * as kinds from "./plain-steps.ts";
import { common } from "./plain-steps.ts";

/** The lists of steps within a step; any depth is allowed. */
const list: z.ZodType<Step[]> = z.lazy(() => z.array(step));
const filledList: z.ZodType<Step[]> = z.lazy(() => z.array(step).min(1, "must hold at least one step"));

const conditions = z.array(condition).min(1, "must hold at least one condition");

const conditionFields = z.strictObject({
  ...common,
  type: z.literal("condition"),
  field: comparisonShape.field.optional(),
  operator: comparisonShape.operator.optional(),
  value: comparisonShape.value,
  all: conditions.optional(),
  any: conditions.optional(),
  not: condition.optional(),
  then_step: z.string().optional(),
  else_step: z.string().optional(),
});

const parallelFields = z.strictObject({
  ...common,
  type: z.literal("parallel"),
  concurrency: field.concurrency.optional(),
});

const loopFields = z.strictObject({
  ...common,
  type: z.literal("loop"),
  items: z.unknown().optional(),
  while: test.optional(),
  item_variable: field.identifier.default("item"),
  max_iterations: field.count.optional(),
  concurrency: field.concurrency.default(1),
  /** What each pass adds to the list of results; by default the output of its last step. */
  collect: z.unknown().optional(),
});

export interface ConditionStep extends z.infer<typeof conditionFields> {
  then?: Step[] | undefined;
  else?: Step[] | undefined;
}

export interface ParallelStep extends z.infer<typeof parallelFields> {
  steps: Step[];
}

export interface LoopStep extends z.infer<typeof loopFields> {
  steps: Step[];
}

/** A step of any kind. */
export type Step = z.infer<typeof plainStep> | ConditionStep | ParallelStep | LoopStep;
export type StepType = Step["type"];

const plainStep = z.discriminatedUnion("type", [
  kinds.llm,
  kinds.batchLlm,
  kinds.agent,
  kinds.tool,
  kinds.shell,
  kinds.writeFile,
  kinds.http,
  kinds.functionStep,
  kinds.human,
  kinds.childWorkflow,
  kinds.sleep,
  kinds.set,
  kinds.emit,
]);

const stepShapes = {
  llm: kinds.llm,
  batch_llm: kinds.batchLlm,
  agent: kinds.agent,
  tool: kinds.tool,
  shell: kinds.shell,
  write_file: kinds.writeFile,
  http: kinds.http,
  function: kinds.functionStep,
  // biome-ignore lint/suspicious/noThenProperty: the field has this name in every file
  condition: z.strictObject({ ...conditionFields.shape, then: list.optional(), else: list.optional() }),
  human: kinds.human,
  parallel: z.strictObject({ ...parallelFields.shape, steps: filledList }),
  loop: z.strictObject({ ...loopFields.shape, steps: filledList }),
  workflow: kinds.childWorkflow,
  sleep: kinds.sleep,
  set: kinds.set,
  emit: kinds.emit,
};

export const step = z.discriminatedUnion("type", [
  ...plainStep.options,
  stepShapes.condition,
  stepShapes.parallel,
  stepShapes.loop,
]);

export const stepTypes = Object.keys(stepShapes).filter(isStepType);

/** The fields that steps of a kind have. */
export function stepFields(type: StepType): string[] {
  return Object.keys(stepShapes[type].shape);
}

export function isStepType(type: unknown): type is StepType {
  return typeof type === "string" && Object.hasOwn(stepShapes, type);
}
