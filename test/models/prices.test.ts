import { describe, expect, test } from "vitest";
import { costOf, openPrices } from "../../src/models/prices.ts";
import { thrown } from "./project.ts";

const million = 1_000_000;
const usage = { inputTokens: million, outputTokens: million, cachedTokens: 0 };

describe("the price of a model", () => {
  const prices = openPrices({});

  test("is found with a date behind the name, and not for another model with the same beginning", () => {
    expect(prices("anthropic", "claude-haiku-4-5-20251001")).toEqual(prices("anthropic", "claude-haiku-4-5"));
    expect(prices("openai", "gpt-5-2025-08-07")).toMatchObject({ input: 1.25, output: 10 });
    expect(prices("openai", "gpt-5-mini")).toMatchObject({ input: 0.25, output: 2 });
    expect(prices("google", "gemini-2.5-pro-preview-06-05")).toMatchObject({ input: 1.25 });
    for (const unknown of ["claude-opus-5-9", "claude-opus-5-10", "claude-opus", "claude-opus-5-turbo"])
      expect(prices("anthropic", unknown), unknown).toBeUndefined();
    expect(prices("openai", "gpt-5-pro")).toBeUndefined();
    expect(prices("openai-compatible", "gpt-5")).toBeUndefined();
  });

  test("is known to be nothing for Ollama", () => {
    expect(costOf(prices("ollama", "llama3.2:3b"), usage)).toBe(0);
  });

  test("is what the configuration says, where it says something", () => {
    const own = openPrices({
      "anthropic/claude-opus-5-5": { input: 1, output: 2, cachedInput: 0.5 },
      "ollama:big": { input: 3, output: 4 },
      "openai-compatible:org/model:beta": { input: 5, output: 6 },
    });
    expect(own("anthropic", "claude-opus-5-5")).toEqual({ input: 1, output: 2, cachedInput: 0.5 });
    expect(own("ollama", "big")).toEqual({ input: 3, output: 4 });
    expect(own("ollama", "small")).toMatchObject({ input: 0 });
    expect(own("openai-compatible", "org/model:beta")).toEqual({ input: 5, output: 6 });
    expect(own("anthropic", "claude-haiku-4-5")).toMatchObject({ input: 1, output: 5 });
    expect(thrown(() => openPrices({ "claude-opus-5-5": { input: 1, output: 2 } }))).toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("models.prices.claude-opus-5-5"),
      hint: expect.stringContaining('"anthropic:claude-opus-5-5"'),
    });
  });
});

describe("the cost of a request", () => {
  test("is null where the price is not known, and never 0", () => {
    expect(costOf(undefined, usage)).toBeNull();
    expect(costOf(undefined, { inputTokens: 0, outputTokens: 0, cachedTokens: 0 })).toBeNull();
  });

  test("counts what a cache served at its own price, or as any other input", () => {
    const cached = { inputTokens: million, outputTokens: 0, cachedTokens: 400_000 };
    expect(costOf({ input: 2, output: 10, cachedInput: 0.5 }, cached)).toBeCloseTo(1.4, 10);
    expect(costOf({ input: 2, output: 10 }, cached)).toBeCloseTo(2, 10);
  });

  test("is that of long requests as a whole from where the provider counts them as long", () => {
    const price = openPrices({})("anthropic", "claude-haiku-5-5");
    const with_ = (inputTokens: number) => costOf(price, { inputTokens, outputTokens: 1_000, cachedTokens: 0 });
    expect(with_(100_000)).toBeCloseTo(0.0105, 10);
    expect(with_(100_001)).toBeCloseTo(0.0525005, 10);
  });
});
