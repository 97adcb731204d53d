import { z } from "zod";
import type { App } from "../app.ts";
import { parseDuration } from "../core/durations.ts";
import { UserError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";
import type { ResolvedFlow } from "./app-types.ts";

export const timeouts = () =>
  z
    .record(z.string(), z.union([z.string(), z.number()]))
    .optional()
    .describe('Limits for one attempt of steps, { step: "5m" }, "*" for all; they beat those of the definition.');

/** Limits by step, in milliseconds. @throws UserError */
export function timeoutsOf(given: Record<string, string | number> | undefined): Record<string, number> | undefined {
  if (given === undefined) return undefined;
  return Object.fromEntries(Object.entries(given).map(([step, value]) => [step, limitOf(`timeouts.${step}`, value)]));
}

/** A limit in milliseconds. @throws UserError where it is none, or nothing */
export function limitOf(field: string, value: string | number): number {
  const ms = parseDuration(value, "s", field);
  if (ms > 0) return ms;
  throw new UserError("invalid_input", `${field}: it must be longer than nothing`, {
    hint: 'For example 90 (seconds) or "2h".',
  });
}

type Given = Readonly<Record<"models" | "timeouts", object | undefined>>;

const modelTypes = ["llm", "batch_llm", "agent"];

/**
 * The steps of a definition are known: what is said for one that there is not, or that asks no model, would change
 * nothing.
 * @throws UserError `invalid_input` with the nearest step
 */
export function refuseUnfitSteps({ version }: ResolvedFlow, given: Given): void {
  const { steps } = version;
  if (steps === undefined) return;
  const asking = steps.filter(({ type }) => modelTypes.includes(type));
  refuseOthers("models", given.models, { steps: asking, all: steps, file: version.sourcePath });
  refuseOthers("timeouts", given.timeouts, { steps, all: steps, file: version.sourcePath });
}

type Steps = NonNullable<ResolvedFlow["version"]["steps"]>;

function refuseOthers(
  field: string,
  given: object | undefined,
  { steps, all, file }: { steps: Steps; all: Steps; file: string },
): void {
  const ids = steps.map(({ id }) => id);
  const unknown = Object.keys(given ?? {}).find((step) => step !== "*" && !ids.includes(step));
  if (unknown === undefined) return;
  const type = all.find(({ id }) => id === unknown)?.type;
  const [near] = nearest(unknown, ids, 1);
  const known = ids.length === 0 ? "It has none." : `Such steps: ${ids.slice(0, 30).join(", ")}; "*" means all.`;
  const what = type === undefined ? `${file} has no such step` : `steps of the type ${type} ask no model`;
  throw new UserError("invalid_input", `${field}.${unknown}: ${what}`, {
    hint: near === undefined || type !== undefined ? known : `Did you mean "${near}"?`,
    details: { field: `${field}.${unknown}`, steps: ids },
  });
}

/** @throws UserError for the name of a model that nobody knows, before any step runs */
export function refuseUnknownModels(app: App, { version }: ResolvedFlow, models: Record<string, string> = {}): void {
  const { steps } = version;
  // Which of a flow's steps are agents, that have names of their own for models, is not known.
  if (steps === undefined) return;
  for (const [step, model] of Object.entries(models)) {
    if (steps.find(({ id }) => id === step)?.type === "agent") continue;
    const hint = app.modelProblem(model.trim());
    if (hint === undefined) continue;
    throw new UserError("invalid_input", `models.${step}: there is no model or alias ${JSON.stringify(model)}`, {
      hint: `${hint} models_list shows the aliases. Nothing was started.`,
      details: { field: `models.${step}` },
    });
  }
}

/**
 * Overrides name the steps of a definition, of which some are no checkpoints.
 * @throws UserError `invalid_input` with what to do instead
 */
export function refuseUnfitOverrides({ version }: ResolvedFlow, overrides: object | undefined): void {
  for (const key of Object.keys(overrides ?? {})) {
    const name = key.replace(/^checkpoint\./, "");
    const type = version.steps?.find(({ id }) => id === name)?.type;
    const instead = type === undefined ? undefined : insteadOf(type, name);
    if (instead === undefined) continue;
    throw new UserError("invalid_input", `overrides: ${key}: the step ${name} is a ${type}, and no checkpoint`, {
      hint: instead,
      details: { field: `overrides.${key}` },
    });
  }
}

function insteadOf(type: string, name: string): string | undefined {
  switch (type) {
    case "human":
      return "Replay, then answer it with executions_input (early: true before it is asked), or pass reuse_answers.";
    case "batch_llm":
      return `Its rows are: "checkpoint.${name}[0]" and so on.`;
    case "loop":
    case "parallel":
      return `Override the steps in it${type === "loop" ? `, for one pass as "checkpoint.${name}[0]/step"` : ""}.`;
    case "sleep":
      return "A sleep has no output; replay from a step after it.";
    default:
      return undefined;
  }
}
