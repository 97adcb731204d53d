import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../core/clock.ts";
import type { LimitName } from "../core/guardrails.ts";
import { newId } from "../core/ids.ts";
import { addUsage, noUsage, type Usage } from "../core/usage.ts";
import type { Budget, Reservation, Room, Wanted } from "../core/workplace.ts";
import { type BudgetPlace, type Reserved, type Sent, wholeExecution } from "../store/budgets.ts";
import type { Store } from "../store/store.ts";
import { type Exceedance, GuardrailExceeded } from "./exceeded.ts";
import type { NamedPlace } from "./places.ts";
import { beyond, judge, nearlyUsed, passed, roomUnder, type Standing, usedOf } from "./verdict.ts";

export interface BudgetHost {
  readonly store: Store;
  readonly clock: Clock;
  /** Runs in a transaction; what it wrote is on the disk when it resolves. */
  write<T>(work: () => T): Promise<T>;
}

/** Who takes from a budget: what it holds counts while it runs the execution at this epoch. */
export interface BudgetHolder {
  seq: number;
  epoch: number;
  /** Ends the waiting for others. */
  signal: AbortSignal;
}

/** How often another process's reserves are looked at. */
const lookMs = 100;

/**
 * The budget over the places of a checkpoint. Everything is decided in the transaction that takes it, so that limits
 * hold whatever runs at the same time, in this process or in others.
 */
export function openBudget(host: BudgetHost, places: readonly NamedPlace[], holder: BudgetHolder): Budget {
  const { store } = host;
  const standings = () => places.map((place) => standingOf(store, place));
  return {
    room: () => roomUnder(standings()),

    async reserve(wanted, { fit } = {}) {
      for (;;) {
        holder.signal.throwIfAborted();
        const taken = await host.write(() => take(host, places, holder, { wanted, shrink: fit }));
        if (taken.kind === "granted") return reservation(host, places, taken);
        if (taken.kind === "exceeded") throw new GuardrailExceeded(taken.exceedance);
        await sleep(lookMs, undefined, { signal: holder.signal }).catch(() => {});
      }
    },

    async spend(usage) {
      const exceedance = await host.write(() => {
        count(host, places, usage);
        return firstPassed(store, places);
      });
      if (exceedance !== undefined) throw new GuardrailExceeded(exceedance);
    },

    exceeded: (limit, next) => new GuardrailExceeded(tightest(store, places, limit, next)),
  };
}

type Taken =
  | { kind: "granted"; id: string; sent: Sent }
  | { kind: "busy" }
  | { kind: "exceeded"; exceedance: Exceedance };

function take(
  { store }: BudgetHost,
  places: readonly NamedPlace[],
  { seq, epoch }: BudgetHolder,
  { wanted, shrink }: { wanted: Wanted; shrink: ((room: Room) => Wanted | undefined) | undefined },
): Taken {
  const standings = places.map((place) => standingOf(store, place));
  const first = judgeAll(places, standings, wanted);
  const smaller = first.kind === "exceeded" ? shrink?.(roomUnder(standings)) : undefined;
  const asked = smaller ?? wanted;
  const verdict = smaller === undefined ? first : judgeAll(places, standings, smaller);
  if (verdict.kind !== "granted") return verdict;
  const id = newId();
  const sent = asked.sent ?? { tokens: 0, costUsd: 0 };
  const held = { ...asked, costUsd: asked.costUsd ?? 0, sent };
  // Where nothing is limited as well: what a process that dies had asked for is counted all the same.
  for (const place of places) store.budgets.reserve(id, place, { seq, epoch }, held);
  return { kind: "granted", id, sent };
}

function judgeAll(
  places: readonly NamedPlace[],
  standings: readonly Standing[],
  wanted: Wanted,
): { kind: "granted" } | { kind: "busy" } | { kind: "exceeded"; exceedance: Exceedance } {
  let isBusy = false;
  for (const [index, place] of places.entries()) {
    const standing = standings[index];
    if (standing === undefined) continue;
    const verdict = judge(standing, wanted);
    if (verdict.kind === "exceeded") {
      return { kind: "exceeded", exceedance: { ...verdict.excess, place, onExceed: onExceedOf(standing) } };
    }
    if (verdict.kind === "busy") isBusy = true;
  }
  return { kind: isBusy ? "busy" : "granted" };
}

function reservation(
  host: BudgetHost,
  places: readonly NamedPlace[],
  { id, sent }: { id: string; sent: Sent },
): Reservation {
  let isSettled = false;
  return {
    async settle(usage) {
      if (isSettled) return;
      isSettled = true;
      await host.write(() => {
        const isHeld = places.map((place) => host.store.budgets.free(id, place)).every(Boolean);
        // Taken for dead meanwhile, its request has been counted with what was sent.
        count(host, places, isHeld ? usage : without(usage, sent));
      });
    },
  };
}

function without(usage: Partial<Usage>, { tokens, costUsd }: Sent): Partial<Usage> {
  const { requests: _, turns: __, toolCalls: ___, ...rest } = usage;
  const cost = rest.costUsd ?? 0;
  return {
    ...rest,
    inputTokens: Math.max(0, (rest.inputTokens ?? 0) - tokens),
    costUsd: Math.max(0, cost - (costUsd ?? 0)),
  };
}

/** Adds what was used to every budget above it, and warns where one is nearly used up. */
function count({ store, clock }: BudgetHost, places: readonly BudgetPlace[], usage: Partial<Usage>): void {
  const used = addUsage(noUsage, usage);
  for (const place of places) {
    store.budgets.add(place, used);
    warn(store, place, clock.now());
  }
}

function warn(store: Store, place: BudgetPlace, at: number): void {
  const row = store.budgets.find(place);
  if (row === undefined || !isLimited(row)) return;
  const near = nearlyUsed(standingOf(store, place)).filter(({ limit }) => !row.warned.includes(limit));
  if (near.length === 0) return;
  store.budgets.setWarned(place, [...row.warned, ...near.map(({ limit }) => limit)]);
  const ordinal = place.ordinal === wholeExecution ? null : place.ordinal;
  for (const data of near)
    store.events.append(place.seq, { type: "guardrail_warning", at, ordinal, data: { ...data } });
}

function firstPassed(store: Store, places: readonly NamedPlace[]): Exceedance | undefined {
  for (const place of places) {
    const standing = standingOf(store, place);
    const excess = passed(standing);
    if (excess !== undefined) return { ...excess, place, onExceed: onExceedOf(standing) };
  }
  return undefined;
}

/** The place with the least left of a limit; the checkpoint itself where none has it. */
function tightest(
  store: Store,
  places: readonly NamedPlace[],
  limit: LimitName,
  next: Partial<Wanted> | undefined,
): Exceedance {
  const found = places.flatMap((place) => {
    const standing = standingOf(store, place);
    const allowed = standing.limits[limit];
    if (allowed === undefined) return [];
    const used = amountOf(standing.used, limit);
    const more = next === undefined ? 0 : amountOf(next, limit);
    const needed = more > 0 ? used + more : beyond(limit, Math.max(used, allowed));
    return [{ limit, allowed, used, needed, place, onExceed: onExceedOf(standing) }];
  });
  found.sort((one, other) => one.allowed - one.used - (other.allowed - other.used));
  const [first] = found;
  if (first === undefined) throw new Error(`no budget limits ${limit}`);
  return first;
}

function amountOf(of: Partial<Wanted>, limit: LimitName): number {
  switch (limit) {
    case "max_requests":
      return of.requests ?? 0;
    case "max_tokens":
      return of.tokens ?? 0;
    case "max_tool_calls":
      return of.toolCalls ?? 0;
    case "max_turns":
      return of.turns ?? 0;
    case "max_cost_usd":
      return of.costUsd ?? 0;
    case "max_time":
      return 0;
    default:
      return limit satisfies never;
  }
}

function standingOf(store: Store, place: BudgetPlace): Standing {
  const row = store.budgets.find(place);
  if (row === undefined) return { limits: {}, used: nothing, held: nothing };
  return { limits: row.limits, used: usedOf(row), held: isLimited(row) ? store.budgets.held(place) : nothing };
}

function isLimited({ limits }: Pick<Standing, "limits">): boolean {
  return Object.keys(limits).length > 0;
}

function onExceedOf({ limits }: Standing): Exceedance["onExceed"] {
  return limits.on_exceed ?? "fail";
}

const nothing: Reserved = { requests: 0, tokens: 0, toolCalls: 0, turns: 0, costUsd: 0 };
