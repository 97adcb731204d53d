import type { LimitName, OnExceed } from "../core/guardrails.ts";
import type { NamedPlace } from "./places.ts";
import type { Excess } from "./verdict.ts";

/** Which limit stands in the way, whose it is, and what happens at it. */
export interface Exceedance extends Excess {
  onExceed: OnExceed;
  place: NamedPlace;
}

/** A guardrail stands in the way of the work; the message says which, and what was used. */
export class GuardrailExceeded extends Error {
  override readonly name = "GuardrailExceeded";
  readonly exceedance: Exceedance;

  constructor(exceedance: Exceedance) {
    super(messageOf(exceedance));
    this.exceedance = exceedance;
  }
}

function messageOf({ limit, allowed, used, needed, place }: Exceedance): string {
  const wasUsed = `${amount(limit, used)} ${used === 1 ? "was" : "were"} used`;
  const more = needed > used ? `, and what comes next needs ${amount(limit, needed - used)} more` : "";
  return `${limit} of ${place.whose} is ${amount(limit, allowed)}: ${wasUsed}${more}`;
}

/** A limit's amount, for people. */
export function amount(limit: LimitName, value: number): string {
  if (limit === "max_cost_usd")
    return `$${value !== 0 && value < 0.01 ? Number(value.toPrecision(2)) : value.toFixed(2)}`;
  return limit === "max_time" ? `${Math.round(value / 100) / 10} s` : String(value);
}
