import type { Step, StepType } from "../definitions/model/steps.ts";
import { agentStep } from "./kinds/agent.ts";
import { batchLlmStep } from "./kinds/batch-llm.ts";
import { conditionStep } from "./kinds/condition.ts";
import { emitStep } from "./kinds/emit.ts";
import { functionStep } from "./kinds/function.ts";
import { httpStep } from "./kinds/http.ts";
import { humanStep } from "./kinds/human.ts";
import { llmStep } from "./kinds/llm.ts";
import { loopStep } from "./kinds/loop.ts";
import { parallelStep } from "./kinds/parallel.ts";
import { setStep } from "./kinds/set.ts";
import { shellStep } from "./kinds/shell.ts";
import { sleepStep } from "./kinds/sleep.ts";
import { toolStep } from "./kinds/tool.ts";
import { workflowStep } from "./kinds/workflow.ts";
import { writeFileStep } from "./kinds/write-file.ts";
import type { StepKind } from "./step-kind.ts";

const kinds: { [Type in StepType]: StepKind<Extract<Step, { type: Type }>> } = {
  llm: llmStep,
  batch_llm: batchLlmStep,
  agent: agentStep,
  tool: toolStep,
  shell: shellStep,
  write_file: writeFileStep,
  http: httpStep,
  function: functionStep,
  condition: conditionStep,
  human: humanStep,
  parallel: parallelStep,
  loop: loopStep,
  workflow: workflowStep,
  sleep: sleepStep,
  set: setStep,
  emit: emitStep,
};

/** How a step of this kind runs. */
export function kindOf(step: Step): StepKind<Step> {
  return kinds[step.type] as StepKind<Step>;
}
