import type { Step } from "../../definitions/model/steps.ts";
import { llm } from "../../flows/llm.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";
import { writePlaceOf } from "../workspace.ts";
import { writeFiles } from "../written-files.ts";

type LlmStep = Extract<Step, { type: "llm" }>;

/** Asks a language model. */
export async function llmStep(run: StepRun<LlmStep>): Promise<StepOutcome> {
  const { step, attempts } = run;
  const output = await llm(run.text(step.prompt), { name: step.id, ...attempts, ...modelOptions(run) });
  if (step.output_file !== undefined) await writeOutput(run, run.text(step.output_file), output);
  return { output };
}

/** What is asked of the model beside the prompt. */
export function modelOptions({ step, text }: StepRun<LlmStep | Extract<Step, { type: "batch_llm" }>>) {
  const { model, system, temperature, max_tokens, output_schema } = step;
  return {
    ...(model !== undefined && { model: text(model) }),
    ...(system !== undefined && step.type === "llm" && { system: text(system) }),
    ...(temperature !== undefined && { temperature }),
    ...(max_tokens !== undefined && { maxTokens: max_tokens }),
    ...(output_schema !== undefined && { output: output_schema }),
  };
}

/** A checkpoint of its own: an answer that was paid for is not asked for again where the file cannot be written. */
async function writeOutput(run: StepRun<LlmStep>, path: string, output: unknown): Promise<void> {
  const content = typeof output === "string" ? output : `${JSON.stringify(output, null, 2)}\n`;
  const name = `${run.step.id}.file`;
  await run.checkpoint([path, content], () => writeFiles(writePlaceOf(run), [{ path, content }]), {
    name,
    type: "write_file",
    retries: 0,
  });
}
