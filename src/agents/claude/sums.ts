import { addUsage, noUsage, type Usage } from "../../core/usage.ts";
import { usageOf } from "./conversation.ts";
import type { ClaudeResult, UsageByModel } from "./lines.ts";
import type { Session } from "./session.ts";

type PriceOf = (model: string, usage: Usage) => number | null;

/**
 * What Claude Code says that this run used, agents below it and calls of its own included; undefined where it says
 * nothing. The sums of a resumed session hold what the session used before, except those since the last result.
 */
export function sumOf(results: ClaudeResult[], { isResumed }: Session, priceOf: PriceOf): Partial<Usage> | undefined {
  const last = results.at(-1);
  if (last === undefined) return undefined;
  const since = results.flatMap(({ model_usage_since_last_result: usage }) => (usage ? [usage] : []));
  if (since.length > 0) return since.map((usage) => sumOfModels(usage, priceOf)).reduce<Usage>(addUsage, noUsage);
  if (!isResumed && last.modelUsage && Object.keys(last.modelUsage).length > 0) {
    return sumOfModels(last.modelUsage, priceOf);
  }
  if (!last.usage) return undefined;
  const usage = usageOf(last.usage);
  const costUsd = !isResumed && last.total_cost_usd > 0 ? last.total_cost_usd : null;
  return { ...usage, costUsd: isUnused(usage) ? 0 : costUsd };
}

function sumOfModels(models: UsageByModel, priceOf: PriceOf): Usage {
  return Object.entries(models)
    .map(([model, used]) => {
      const usage: Usage = {
        ...noUsage,
        inputTokens: used.inputTokens + used.cacheReadInputTokens + used.cacheCreationInputTokens,
        outputTokens: used.outputTokens,
        cachedTokens: used.cacheReadInputTokens,
        reasoningTokens: used.thinkingTokens,
      };
      if (isUnused(usage)) return { ...usage, costUsd: used.costUSD };
      // A subscription's cost of nothing says that it is not known.
      return { ...usage, costUsd: used.costUSD > 0 ? used.costUSD : priceOf(model, usage) };
    })
    .reduce<Usage>(addUsage, noUsage);
}

function isUnused({ inputTokens, outputTokens }: Usage): boolean {
  return inputTokens + outputTokens === 0;
}
