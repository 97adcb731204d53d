import type { JsonSchema } from "../../core/json-schema.ts";
import type { Step } from "../../definitions/model/steps.ts";
import type { WaitAnswer } from "../../flows/runtime.ts";
import { normalizeSchema } from "../../flows/schema.ts";
import { requireFlowScope } from "../../flows/scope.ts";
import { notifyPerson } from "../notify/notify-person.ts";
import type { AskedPerson } from "../notify/opened-message.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";

export type HumanStep = Extract<Step, { type: "human" }>;

interface HumanOutput {
  option: string | null;
  value: unknown;
  comment: string | null;
  answered_by: string | null;
  answered_at: string | null;
}

const nobody: HumanOutput = { option: null, value: null, comment: null, answered_by: null, answered_at: null };
const longestWarningMs = 3_600_000;

/** Asks a person, and waits for the answer or the deadline. */
export async function humanStep(run: StepRun<HumanStep>): Promise<StepOutcome> {
  const { step } = run;
  const { runtime, path } = requireFlowScope("a human step", "steps run in the flow");
  const asked = askedPerson(run);
  if (step.notify !== undefined) await notifyPerson(run, asked, run.text(step.notify.url));
  const asking = runtime.wait({
    name: step.id,
    scope: path,
    question: asked.question,
    schema: normalizeSchema(asked.schema, `step ${step.id}: schema`),
    timeoutMs: asked.timeoutMs,
    onTimeout: step.on_timeout === "fail" ? "fail" : { value: optionNamed(step, step.on_timeout)?.id ?? null },
    metadata: {
      ...(step.title !== undefined && { title: step.title }),
      ...(asked.options && { options: asked.options }),
      ...(asked.timeoutMs !== null && { on_timeout: step.on_timeout }),
    },
    warnBeforeMs: asked.timeoutMs === null ? null : Math.min(asked.timeoutMs / 5, longestWarningMs),
  });
  return outcomeOf(step, await run.parked(asking));
}

function askedPerson({ step, settings, text }: StepRun<HumanStep>): AskedPerson {
  const options = step.options?.map(({ id, label }) => ({ id, label: label === undefined ? id : text(label) })) ?? null;
  return {
    question: text(step.question),
    options,
    schema: options === null ? (step.schema ?? {}) : schemaOf(options),
    // What the run says of all steps limits work, and not how long a person may think.
    timeoutMs: settings.timeouts[step.id] ?? step.timeout ?? null,
  };
}

/** An option's id alone, or with a comment. */
function schemaOf(options: readonly { id: string; label: string }[]): JsonSchema {
  const option = { type: "string", oneOf: options.map(({ id, label }) => ({ const: id, title: label })) };
  const properties = { option, comment: { type: "string", title: "Comment" } };
  return {
    anyOf: [option, { type: "object", properties, required: ["option"], additionalProperties: false }],
  };
}

function outcomeOf(step: HumanStep, answer: WaitAnswer): StepOutcome {
  if (answer.isExpired && step.on_timeout === "skip") return { output: null, isSkipped: true };
  if (answer.isExpired && step.on_timeout === "continue") return { output: nobody };
  const output: HumanOutput = {
    ...said(step, answer.value),
    answered_by: answer.answeredBy,
    answered_at: new Date(answer.answeredAt).toISOString(),
  };
  return { output, jump: output.option === null ? undefined : optionNamed(step, output.option)?.next_step };
}

function said({ options }: HumanStep, value: unknown): Pick<HumanOutput, "option" | "value" | "comment"> {
  if (options === undefined) return { option: null, value, comment: null };
  const { option, comment } = isWithComment(value) ? value : { option: String(value) };
  return { option, value: option, comment: comment === undefined || comment === "" ? null : comment };
}

function isWithComment(value: unknown): value is { option: string; comment?: string } {
  return typeof value === "object" && value !== null && "option" in value;
}

function optionNamed({ options = [] }: HumanStep, name: string) {
  return options.find(({ id }) => id === name);
}
