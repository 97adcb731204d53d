import { z } from "zod";
import { parseDuration } from "../core/durations.ts";
import { UserError } from "../core/errors.ts";
import type { Limits } from "../core/guardrails.ts";

const count = () => z.number().int().min(0).optional();

/** The guardrails as callers write them. */
const given = z.strictObject({
  max_requests: count(),
  max_tokens: count(),
  max_tool_calls: count(),
  max_turns: count(),
  max_cost_usd: z.number().min(0).optional(),
  max_time: z.union([z.string(), z.number()]).optional(),
  on_exceed: z.enum(["fail", "ask"]).optional(),
});

export const guardrails = () =>
  given
    .optional()
    .describe(
      "Limits for models and agents in it and below it; max_time is of work, on_exceed fails or asks a person.",
    );

export type GivenGuardrails = z.output<typeof given>;

/** As they are recorded. @throws UserError */
export function limitsOf(value: GivenGuardrails | undefined): Limits | undefined {
  if (value === undefined) return undefined;
  const { max_time: time, ...rest } = value;
  const limits: Limits = Object.fromEntries(Object.entries(rest).filter(([, one]) => one !== undefined));
  if (time === undefined) return limits;
  const ms = parseDuration(time, "s", "guardrails.max_time");
  if (ms > 0) return { ...limits, max_time: ms };
  throw new UserError("invalid_input", "guardrails.max_time: it must be longer than nothing", {
    hint: 'For example 1800 (seconds) or "30m".',
  });
}
