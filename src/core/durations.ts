import { UserError } from "./errors.ts";
import { shown } from "./shown.ts";

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const form = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)?$/;

/** `"90s"`, `"15m"`, `"2h"`, `"1d"`, or a bare number in the unit of the surface that reads it. */
export type Duration = string | number;

/**
 * Reads a duration into milliseconds.
 * @param bareUnit what a number without a unit means: milliseconds in TypeScript, seconds everywhere else
 * @throws UserError `invalid_input` when it is negative, not finite or not of the form above
 */
export function parseDuration(value: unknown, bareUnit: "ms" | "s", field = "duration"): number {
  const text = typeof value === "number" || typeof value === "string" ? String(value).trim() : "";
  const [, amount, unit] = form.exec(text) ?? [];
  const ms = Number(amount) * unitMs[(unit as keyof typeof unitMs | undefined) ?? bareUnit];
  if (!Number.isFinite(ms) || ms > Number.MAX_SAFE_INTEGER) {
    throw new UserError("invalid_input", `${field}: ${shown(value)} is not a duration`, {
      hint: 'Write a number with a unit, for example "90s", "15m", "2h" or "1d".',
    });
  }
  return Math.round(ms);
}
