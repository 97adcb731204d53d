import { UserError } from "../core/errors.ts";
import type { Usage } from "../core/usage.ts";
import type { Price, Provider, Rates } from "./model.ts";
import { parseSpec, specAdvice, specText } from "./spec.ts";

/** Undefined: not known, which is something else than free. */
export type Prices = (provider: Provider, model: string) => Price | undefined;

/** Dollars for a million tokens, as `models.prices` of the configuration says them under `provider:model`. */
export type PriceSettings = Readonly<Record<string, Rates>>;

/** @throws UserError `invalid_input` where a setting names no model */
export function openPrices(settings: PriceSettings): Prices {
  const own = Object.entries(settings).map(([name, rates]): [string, Price] => {
    const spec = parseSpec(name);
    if (spec !== undefined) return [specText(spec), rates];
    throw new UserError("invalid_input", `models.prices.${name}: this names no model of a provider`, {
      hint: `${specAdvice(name)} The setting stands in savepoint.config.json.`,
    });
  });
  return (provider, model) => {
    const name = specText({ provider, model });
    return priced(own, name) ?? (provider === "ollama" ? free : priced(published, name));
  };
}

/** Null where the price is not known. */
export function costOf(
  price: Price | undefined,
  usage: Pick<Usage, "inputTokens" | "outputTokens" | "cachedTokens">,
): number | null {
  if (price === undefined) return null;
  const { inputTokens, outputTokens } = usage;
  const {
    input,
    output,
    cachedInput = input,
  } = price.long !== undefined && inputTokens > price.long.above ? price.long : price;
  const cached = Math.min(usage.cachedTokens, inputTokens);
  return ((inputTokens - cached) * input + cached * cachedInput + outputTokens * output) / 1_000_000;
}

/** Its own machine does the work. */
const free: Price = { input: 0, output: 0, cachedInput: 0 };

/** What may follow a model's name without making it another model: dates and the like, and no version of two digits. */
const sameModel = /^(-(latest|preview|exp)|[-@](\d{8}|\d{4}-\d{2}-\d{2}|\d{2}-\d{2,4}|\d{3,4}))*$/;

/** By the longest name that fits; `gpt-5-mini` is not `gpt-5`, and `gpt-5-2025-08-07` is. */
function priced(table: readonly (readonly [string, Price])[], name: string): Price | undefined {
  return table
    .filter(([known]) => name.startsWith(known) && sameModel.test(name.slice(known.length)))
    .sort(([a], [b]) => b.length - a.length)[0]?.[1];
}

/**
 * List prices of November 2026. Where one is introductory, the one that follows stands here, so that a budget rather
 * ends early than late.
 */
const published: readonly (readonly [string, Price])[] = [
  ["anthropic:claude-fable-5-1", rates(10, 50, 0.25)],
  ["anthropic:claude-fable-5", rates(10, 50, 1)],
  ["anthropic:claude-opus-5-5", rates(4, 20, 0.2)],
  ["anthropic:claude-opus-5", rates(5, 25, 0.5)],
  ["anthropic:claude-opus-4-8", rates(5, 25, 0.5)],
  ["anthropic:claude-opus-4-7", rates(5, 25, 0.5)],
  ["anthropic:claude-opus-4-6", rates(5, 25, 0.5)],
  ["anthropic:claude-opus-4-5", rates(5, 25, 0.5)],
  ["anthropic:claude-opus-4-1", rates(15, 75, 1.5)],
  ["anthropic:claude-opus-4-0", rates(15, 75, 1.5)],
  ["anthropic:claude-opus-4", rates(15, 75, 1.5)],
  ["anthropic:claude-sonnet-5-5", rates(2, 10, 0.1)],
  ["anthropic:claude-sonnet-5", rates(2, 10, 0.2)],
  ["anthropic:claude-sonnet-4-6", rates(3, 15, 0.3)],
  ["anthropic:claude-sonnet-4-5", rates(3, 15, 0.3)],
  ["anthropic:claude-sonnet-4-0", rates(3, 15, 0.3)],
  ["anthropic:claude-sonnet-4", rates(3, 15, 0.3)],
  ["anthropic:claude-haiku-5-5", { ...rates(0.1, 0.5, 0.01), long: { above: 100_000, ...rates(0.5, 2.5, 0.05) } }],
  ["anthropic:claude-haiku-4-5", rates(1, 5, 0.1)],
  ["openai:gpt-6.1-sol", withLongInput(rates(2, 10, 0.1))],
  ["openai:gpt-6.1-terra", withLongInput(rates(1, 5, 0.05))],
  ["openai:gpt-6-astra", withLongInput(rates(10, 50, 1))],
  ["openai:gpt-6-sol", withLongInput(rates(2, 10, 0.2))],
  ["openai:gpt-6-luna", withLongInput(rates(0.1, 0.5, 0.01))],
  ["openai:gpt-5.6-sol", withLongInput(rates(5, 30, 0.5))],
  ["openai:gpt-5.6-terra", withLongInput(rates(2, 12, 0.2))],
  ["openai:gpt-5.6-luna", withLongInput(rates(0.2, 1.2, 0.02))],
  ["openai:gpt-5.5", withLongInput(rates(5, 30, 0.5))],
  ["openai:gpt-5.4", withLongInput(rates(2.5, 15, 0.25))],
  ["openai:gpt-5.4-mini", rates(0.75, 4.5, 0.075)],
  ["openai:gpt-5.4-nano", rates(0.2, 1.25, 0.02)],
  ["openai:gpt-5.2", rates(1.75, 14, 0.175)],
  ["openai:gpt-5.1", rates(1.25, 10, 0.125)],
  ["openai:gpt-5", rates(1.25, 10, 0.125)],
  ["openai:gpt-5-mini", rates(0.25, 2, 0.025)],
  ["openai:gpt-5-nano", rates(0.05, 0.4, 0.005)],
  ["openai:gpt-4.1", rates(2, 8, 0.5)],
  ["openai:gpt-4.1-mini", rates(0.4, 1.6, 0.1)],
  ["openai:gpt-4.1-nano", rates(0.1, 0.4, 0.025)],
  ["openai:gpt-4o", rates(2.5, 10, 1.25)],
  ["openai:gpt-4o-mini", rates(0.15, 0.6, 0.075)],
  ["openai:o3", rates(2, 8, 0.5)],
  ["openai:o4-mini", rates(1.1, 4.4, 0.275)],
  ["google:gemini-4-argon", rates(4, 20, 0.2)],
  ["google:gemini-4-carbon", rates(4, 20, 0.2)],
  ["google:gemini-3.8-flash", rates(1.5, 7.5)],
  ["google:gemini-3.6-flash", rates(1.5, 7.5, 0.15)],
  ["google:gemini-3.5-flash", rates(1.5, 9, 0.15)],
  ["google:gemini-3.5-flash-lite", rates(0.3, 2.5, 0.03)],
  ["google:gemini-3.1-pro", { ...rates(2, 12, 0.2), long: { above: 200_000, ...rates(4, 18, 0.4) } }],
  ["google:gemini-2.5-pro", { ...rates(1.25, 10, 0.125), long: { above: 200_000, ...rates(2.5, 15, 0.25) } }],
  ["google:gemini-2.5-flash", rates(0.3, 2.5, 0.03)],
  ["google:gemini-2.5-flash-lite", rates(0.1, 0.4, 0.01)],
];

function rates(input: number, output: number, cachedInput?: number): Rates {
  return { input, output, cachedInput };
}

/** OpenAI's models with a context of a million tokens cost more from 272,000 on. */
function withLongInput({ input, output, cachedInput = input }: Rates): Price {
  const long = { above: 272_000, ...rates(2 * input, 1.5 * output, 2 * cachedInput) };
  return { ...rates(input, output, cachedInput), long };
}
