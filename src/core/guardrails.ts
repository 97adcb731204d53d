/** What may be limited, by the names that people and tools use. */
export const limitNames = [
  "max_requests",
  "max_tokens",
  "max_tool_calls",
  "max_turns",
  "max_cost_usd",
  "max_time",
] as const;
export type LimitName = (typeof limitNames)[number];

/** What happens when a limit is reached: the execution ends, or a person is asked for a higher one. */
export type OnExceed = "fail" | "ask";

/** The guardrails of an execution or of one step, as they are recorded; `max_time` in milliseconds of work. */
export type Limits = Partial<Record<LimitName, number>> & { on_exceed?: OnExceed };
