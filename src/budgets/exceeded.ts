import type { LimitName, OnExceed } from "../core/guardrails.ts";
import type { BudgetPlace } from "../store/budgets.ts";

export interface Exceedance {
  limit: LimitName;
  /** What the limit was when it was reached. */
  allowed: number;
  /** What had been used of it. */
  used: number;
  /** The least that must be allowed for the work to go on. */
  needed: number;
  onExceed: OnExceed;
  /** Whose limit it is. */
  place: BudgetPlace;
  /** The same for people: "checkpoint draft", "the execution", "execution 01ab… above it". */
  whose: string;
}

/** A guardrail stands in the way of the work; the message says which, and what was used. */
export class GuardrailExceeded extends Error {
  override readonly name = "GuardrailExceeded";
  readonly exceedance: Exceedance;

  constructor(exceedance: Exceedance, message: string) {
    super(message);
    this.exceedance = exceedance;
  }
}
