import { parseDuration } from "../core/durations.ts";
import type { Step } from "../definitions/model/steps.ts";
import type { Guardrails } from "../flows/guardrails.ts";
import type { StepAttempts } from "./step-kind.ts";
import type { RunContext } from "./walk.ts";

/** How a step is tried: its retries, the limit of an attempt, and what models and agents may use in it. */
export function attemptsOf(step: Step, context: RunContext): StepAttempts {
  const { retry, guardrails } = step;
  const timeout = timeoutOf(step, context);
  return {
    ...(retry !== undefined && {
      retries: retry.backoff === undefined ? retry.max : { max: retry.max, backoff: retry.backoff },
    }),
    ...(timeout !== undefined && { timeout }),
    ...(guardrails !== undefined && { guardrails: guardrailsOf(guardrails) }),
  };
}

/** What decides about limits of time beside the step. */
export interface TimeLimits {
  readonly settings: Pick<RunContext["settings"], "timeouts">;
  readonly timeoutMs: number | undefined;
  readonly ports: Pick<RunContext["ports"], "env">;
}

function timeoutOf(step: Step, limits: TimeLimits): number | undefined {
  return timeoutChoice(step, limits)?.ms;
}

/**
 * The limit of an attempt in milliseconds and who says so: what the run says comes first, then the step, the workflow
 * and the environment.
 */
export function timeoutChoice(
  step: Step,
  { settings: { timeouts }, timeoutMs, ports }: TimeLimits,
): { ms: number; why: string } | undefined {
  const choice = (ms: number | undefined, why: string) => (ms === undefined ? undefined : { ms, why });
  // What is said of all steps limits work, and not how long a person may think or another workflow may take.
  if (step.type === "human" || step.type === "workflow") {
    return choice(timeouts[step.id], `timeouts.${step.id} of the run`) ?? choice(step.timeout, "the step");
  }
  const ofRun = [step.id, "*"].find((name) => Object.hasOwn(timeouts, name));
  if (ofRun !== undefined) return choice(timeouts[ofRun], `timeouts.${ofRun} of the run`);
  return choice(step.timeout, "the step") ?? choice(timeoutMs, "the workflow") ?? fromEnvironment(step, ports.env);
}

/** Variables of the environment hold seconds, or a duration such as 5m. */
function fromEnvironment(
  { id, type }: Step,
  env: Readonly<NodeJS.ProcessEnv>,
): { ms: number; why: string } | undefined {
  const names = [`SAVEPOINT_TIMEOUT_${id.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`, "SAVEPOINT_TIMEOUT"];
  const known = type === "llm" || type === "batch_llm" ? [...names, "OLLAMA_TIMEOUT_SECONDS"] : names;
  const name = known.find((one) => (env[one] ?? "").trim() !== "");
  if (name === undefined) return undefined;
  const text = (env[name] ?? "").trim();
  return { ms: parseDuration(/^\d+(\.\d+)?$/.test(text) ? Number(text) : text, "s", name), why: name };
}

function guardrailsOf(given: NonNullable<Step["guardrails"]>): Guardrails {
  const { max_requests, max_tokens, max_tool_calls, max_turns, max_cost_usd, max_time, on_exceed } = given;
  return {
    ...(max_requests !== undefined && { maxRequests: max_requests }),
    ...(max_tokens !== undefined && { maxTokens: max_tokens }),
    ...(max_tool_calls !== undefined && { maxToolCalls: max_tool_calls }),
    ...(max_turns !== undefined && { maxTurns: max_turns }),
    ...(max_cost_usd !== undefined && { maxCostUsd: max_cost_usd }),
    ...(max_time !== undefined && { maxTime: max_time }),
    ...(on_exceed !== undefined && { onExceed: on_exceed }),
  };
}
