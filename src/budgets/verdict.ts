import type { LimitName, Limits } from "../core/guardrails.ts";
import type { Room, Wanted } from "../core/workplace.ts";
import type { BudgetRow, Reserved } from "../store/budgets.ts";

/** A budget as it stands: what is allowed, what was used, what others hold in reserve. */
export interface Standing {
  limits: Limits;
  used: Reserved;
  held: Reserved;
}

export interface Excess {
  limit: LimitName;
  allowed: number;
  used: number;
  /** The least that would have to be allowed. */
  needed: number;
}

export type Verdict =
  | { kind: "granted" }
  /** It fits once others have used or given back what they hold. */
  | { kind: "busy" }
  | { kind: "exceeded"; excess: Excess };

const measures = [
  ["max_requests", "requests"],
  ["max_tokens", "tokens"],
  ["max_tool_calls", "toolCalls"],
  ["max_turns", "turns"],
  ["max_cost_usd", "costUsd"],
] as const;

/** Steps of floating-point sums are no overspending. */
const tolerance = 1e-9;

export function usedOf({ used }: BudgetRow): Reserved {
  const { requests, inputTokens, outputTokens, toolCalls, turns, costUsd } = used;
  return { requests, tokens: inputTokens + outputTokens, toolCalls, turns, costUsd };
}

/** Whether what is wanted still fits under the limits of one budget. */
export function judge({ limits, used, held }: Standing, wanted: Wanted): Verdict {
  let isBusy = false;
  for (const [limit, measure] of measures) {
    const allowed = limits[limit];
    const more = wanted[measure] ?? 0;
    if (allowed === undefined || more === 0) continue;
    const needed = used[measure] + more;
    if (needed > allowed + tolerance) {
      return { kind: "exceeded", excess: { limit, allowed, used: used[measure], needed } };
    }
    if (needed + held[measure] > allowed + tolerance) isBusy = true;
  }
  return isBusy ? { kind: "busy" } : { kind: "granted" };
}

/** The first limit that has been passed already. */
export function passed({ limits, used }: Standing): Excess | undefined {
  for (const [limit, measure] of measures) {
    const allowed = limits[limit];
    if (allowed !== undefined && used[measure] > allowed + tolerance) {
      return { limit, allowed, used: used[measure], needed: beyond(limit, used[measure]) };
    }
  }
  return undefined;
}

/** What lets work go on that has used this much, and nobody knows how much it will use. */
export function beyond(limit: LimitName, used: number): number {
  if (limit === "max_cost_usd") return Math.ceil(used * 1_250_000) / 1_000_000;
  return limit === "max_tokens" || limit === "max_time" ? Math.ceil(used * 1.25) : used + 1;
}

/** What is left where everything that others hold is given back. */
export function roomUnder(standings: readonly Standing[]): Room {
  const room: Room = {
    requests: Number.POSITIVE_INFINITY,
    tokens: Number.POSITIVE_INFINITY,
    toolCalls: Number.POSITIVE_INFINITY,
    turns: Number.POSITIVE_INFINITY,
    costUsd: Number.POSITIVE_INFINITY,
  };
  for (const { limits, used } of standings) {
    for (const [limit, measure] of measures) {
      const allowed = limits[limit];
      if (allowed !== undefined) room[measure] = Math.min(room[measure], Math.max(0, allowed - used[measure]));
    }
  }
  return room;
}

/** Limits of which four fifths are used, for the warning that is given once. */
export function nearlyUsed({ limits, used }: Standing): { limit: LimitName; allowed: number; used: number }[] {
  return measures.flatMap(([limit, measure]) => {
    const allowed = limits[limit];
    const isNear = allowed !== undefined && used[measure] >= allowed * 0.8 - tolerance && used[measure] > 0;
    return isNear ? [{ limit, allowed, used: used[measure] }] : [];
  });
}
