import { z } from "zod";
import { type LimitName, limitNames } from "../core/guardrails.ts";
import { wholeExecution } from "../store/budgets.ts";
import type { JournalEntry } from "../store/journal.ts";
import type { Store } from "../store/store.ts";

/** A limit for which a higher one is asked, as the wait keeps it in its metadata. */
export interface AskedLimit {
  limit: LimitName;
  /** What it was. */
  allowed: number;
  /** Whose it is. */
  seq: number;
  ordinal: number;
}

const asked = z.object({ limit: z.enum(limitNames), allowed: z.number(), seq: z.number(), ordinal: z.number() });

/** What a wait asks for that the engine has opened at a limit; undefined for those of workflows. */
export function askedLimitOf({ kind, scope, name, detail }: JournalEntry): AskedLimit | undefined {
  if (kind !== "wait" || !scope.startsWith(`${name}[`)) return undefined;
  return asked.safeParse(detail?.["metadata"]).data;
}

/**
 * Inside a transaction: raises a limit, and answers everybody else who waits for the same. Heard again after a crash, an
 * answer changes nothing that was raised since.
 */
export function raiseLimit(
  store: Store,
  { limit, seq, ordinal }: AskedLimit,
  { answer, encoded }: { answer: number; encoded: string },
  now: number,
): void {
  const place = { seq, ordinal };
  const value = limit === "max_time" ? answer * 1_000 : answer;
  const row = store.budgets.find(place);
  const was = row?.limits[limit];
  if (row === undefined || was === undefined || was >= value) return;
  store.budgets.setLimits(place, { ...row.limits, [limit]: value });
  store.budgets.setWarned(
    place,
    row.warned.filter((name) => name !== limit),
  );
  const data = { limit, allowed: value, was };
  const at = { at: now, ordinal: ordinal === wholeExecution ? null : ordinal };
  store.events.append(seq, { ...at, type: "guardrail_raised", data });
  for (const { executionSeq, entry } of store.journal.pendingNamed(`raise_${limit}`)) {
    const other = askedLimitOf(entry);
    if (other?.seq !== seq || other.ordinal !== ordinal || other.limit !== limit || other.allowed >= value) continue;
    const position = store.executions.addPosition(executionSeq, now);
    const settled = { ...entry, status: "answered" as const, position, output: encoded, endedAt: now };
    if (!store.journal.settleWait(executionSeq, settled, null)) continue;
    store.events.append(executionSeq, { type: "wait_answered", at: now, ordinal: entry.ordinal });
  }
}
