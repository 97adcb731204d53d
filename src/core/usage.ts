/** What models and agents have used. Tokens of input include those that were read from a cache. */
export interface Usage {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  /** Of the input, what the provider had in its cache. */
  cachedTokens: number;
  /** Of the output, what was spent on thinking. */
  reasoningTokens: number;
  toolCalls: number;
  /** Answers of a model within a conversation with tools, of an agent's too. */
  turns: number;
  /** Dollars; null where a price is not known. */
  costUsd: number | null;
}

export const noUsage: Usage = {
  requests: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
  toolCalls: 0,
  turns: 0,
  costUsd: 0,
};

/** An unknown cost makes the sum unknown. */
export function addUsage(one: Usage, other: Partial<Usage>): Usage {
  const { costUsd = 0 } = other;
  return {
    requests: one.requests + (other.requests ?? 0),
    inputTokens: one.inputTokens + (other.inputTokens ?? 0),
    outputTokens: one.outputTokens + (other.outputTokens ?? 0),
    cachedTokens: one.cachedTokens + (other.cachedTokens ?? 0),
    reasoningTokens: one.reasoningTokens + (other.reasoningTokens ?? 0),
    toolCalls: one.toolCalls + (other.toolCalls ?? 0),
    turns: one.turns + (other.turns ?? 0),
    costUsd: one.costUsd === null || costUsd === null ? null : one.costUsd + costUsd,
  };
}
