import type { ModelMessage } from "../../core/model-call.ts";
import type { Step } from "../../definitions/model/steps.ts";
import { batchLlm } from "../../flows/batch-llm.ts";
import { StepFailed } from "../../flows/errors.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";
import { fillInText } from "../values.ts";
import { modelOptions } from "./llm.ts";

type BatchStep = Extract<Step, { type: "batch_llm" }>;

/** Asks a model about each item; one that fails fails no other. */
export async function batchLlmStep(run: StepRun<BatchStep>): Promise<StepOutcome> {
  const { step, attempts } = run;
  const items = run.value(step.items) ?? [];
  if (!Array.isArray(items)) {
    const hint = 'Name a list, for example items: "$.search.results".';
    throw new StepFailed(step.id, "items must be a list", { code: "not_a_list", hint });
  }
  const rows = await batchLlm(items, {
    name: step.id,
    concurrency: step.concurrency,
    prompt: (item, index) => messagesOf(run, { item, index, count: items.length }),
    ...attempts,
    ...modelOptions(run),
  });
  return { output: rows.map(({ index, row, status, output, error }) => ({ index, item: row, status, output, error })) };
}

function messagesOf(
  { step, walk }: StepRun<BatchStep>,
  { item, index, count }: { item: unknown; index: number; count: number },
): ModelMessage[] {
  const { scope } = walk([], { [step.item_variable]: item, loop_index: index, loop_count: count });
  const asked: ModelMessage = { role: "user", content: fillInText(step.prompt, scope) };
  return step.system === undefined ? [asked] : [{ role: "system", content: fillInText(step.system, scope) }, asked];
}
