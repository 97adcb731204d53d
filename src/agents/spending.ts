import { GuardrailExceeded } from "../budgets/exceeded.ts";
import { addUsage, noUsage, type Usage } from "../core/usage.ts";
import type { Budget } from "../core/workplace.ts";

const counts = [
  "requests",
  "inputTokens",
  "outputTokens",
  "cachedTokens",
  "reasoningTokens",
  "toolCalls",
  "turns",
] as const;

type CostOf = (model: string, usage: Usage) => number | null | undefined;

/** What one run of an agent uses: told to the budget as it happens, and set right by the agent's own sum at the end. */
export class Spending {
  readonly #budget: Budget;
  readonly #costOf: CostOf;
  readonly #startedMs = performance.now();
  #spent: Usage = noUsage;
  #isMeasured = false;
  /** Whether something was used whose price is not known; a sum of the agent's own makes up for it. */
  #isCostOpen = false;
  #firstAnswerMs: number | null = null;

  constructor(budget: Budget, costOf: CostOf = () => null) {
    this.#budget = budget;
    this.#costOf = costOf;
  }

  get told(): { usage: Usage; isMeasured: boolean; firstAnswerMs: number | null } {
    return { usage: this.#spent, isMeasured: this.#isMeasured, firstAnswerMs: this.#firstAnswerMs };
  }

  /** What this much of a model costs; null where nobody knows. */
  priceOf(model: string, usage: Partial<Usage>): number | null {
    return this.#costOf(model, addUsage(noUsage, usage)) ?? null;
  }

  /** Counts what a request to a model used. @throws GuardrailExceeded */
  async request(model: string, usage: Partial<Usage>): Promise<void> {
    this.#firstAnswerMs ??= Math.round(performance.now() - this.#startedMs);
    this.#isMeasured = true;
    const costUsd = this.priceOf(model, usage);
    if (costUsd === null) this.#isCostOpen = true;
    await this.spend({ ...usage, costUsd: costUsd ?? 0 });
  }

  /** @throws GuardrailExceeded */
  async spend(usage: Partial<Usage>): Promise<void> {
    this.note(usage);
    await this.#budget.spend(usage);
  }

  /** Counts what the budget has been told of already. */
  note(usage: Partial<Usage>): void {
    this.#spent = addUsage(this.#spent, usage);
  }

  /**
   * Spends what the agent's own sum has more than was seen. A cost of null says that nobody knows it.
   * @throws GuardrailExceeded
   */
  async settle(sum: Partial<Usage>): Promise<void> {
    this.#isMeasured = true;
    const more: Partial<Usage> = {};
    for (const count of counts) {
      const missing = (sum[count] ?? 0) - this.#spent[count];
      if (missing > 0) more[count] = missing;
    }
    const { costUsd = null } = sum;
    this.#isCostOpen = false;
    if (costUsd === null) more.costUsd = null;
    else more.costUsd = Math.max(0, costUsd - (this.#spent.costUsd ?? 0));
    if (Object.values(more).some((value) => value !== 0)) await this.spend(more);
  }

  /** Of a run that ended without a sum what was seen is the best that is known. */
  async close(): Promise<void> {
    if (!this.#isCostOpen) return;
    this.#isCostOpen = false;
    await this.spend({ costUsd: null }).catch((error: unknown) => {
      // What ended the run is thrown already.
      if (!(error instanceof GuardrailExceeded)) throw error;
    });
  }
}
