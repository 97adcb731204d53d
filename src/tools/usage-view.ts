import type { App } from "../app.ts";
import type { BudgetRow } from "./app-types.ts";

/** What models and agents used in an execution and below it, and what they may use. */
export function budgetViews({ store }: App, seq: number) {
  const row = store.budgets.ofExecution(seq);
  return { usage: usageView(row), guardrails: guardrailsView(row) };
}

/** By the ordinal of the checkpoint. */
export function usageOfCheckpoints({ store }: App, seq: number): Map<number, ReturnType<typeof usageView>> {
  return new Map(store.budgets.list(seq).map((row) => [row.ordinal, usageView(row)]));
}

/** Where one price is not known, the sum is not either. */
function usageView(row: BudgetRow | undefined) {
  if (row === undefined) return nothing;
  const { used, unpriced } = row;
  return {
    requests: used.requests,
    input_tokens: used.inputTokens,
    output_tokens: used.outputTokens,
    cached_tokens: used.cachedTokens,
    reasoning_tokens: used.reasoningTokens,
    tool_calls: used.toolCalls,
    turns: used.turns,
    cost_usd: unpriced > 0 ? null : Math.round(used.costUsd * 1e9) / 1e9,
  };
}

/** `max_time` in seconds, as callers write it. */
function guardrailsView(row: BudgetRow | undefined) {
  if (row === undefined || Object.keys(row.limits).length === 0) return null;
  const { max_time: ms, ...limits } = row.limits;
  return { ...limits, ...(ms === undefined ? {} : { max_time: ms / 1_000 }) };
}

const nothing = {
  requests: 0,
  input_tokens: 0,
  output_tokens: 0,
  cached_tokens: 0,
  reasoning_tokens: 0,
  tool_calls: 0,
  turns: 0,
  cost_usd: 0,
};
