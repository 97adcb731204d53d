import { z } from "zod";
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

/**
 * The steps of a definition are known: what is said for one that there is not would change nothing.
 * @throws UserError `invalid_input` with the nearest step
 */
export function refuseUnknownSteps(
  { version }: ResolvedFlow,
  given: Readonly<Record<"models" | "timeouts", object | undefined>>,
): void {
  if (version.kind !== "definition") return;
  const steps = version.checkpoints;
  for (const [field, record] of Object.entries(given)) {
    const unknown = Object.keys(record ?? {}).find((step) => step !== "*" && !steps.includes(step));
    if (unknown === undefined) continue;
    const [near] = nearest(unknown, steps, 1);
    throw new UserError("invalid_input", `${field}.${unknown}: ${version.sourcePath} has no such step`, {
      hint:
        near === undefined ? `Its steps: ${steps.slice(0, 30).join(", ")}; "*" means all.` : `Did you mean "${near}"?`,
      details: { field: `${field}.${unknown}`, steps },
    });
  }
}
