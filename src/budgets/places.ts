import type { BudgetPlace } from "../store/budgets.ts";
import { wholeExecution } from "../store/budgets.ts";
import type { Execution } from "../store/execution.ts";
import type { Store } from "../store/store.ts";

/** A budget that counts what a checkpoint uses, and how people are told whose it is. */
export interface NamedPlace extends BudgetPlace {
  whose: string;
}

/**
 * Every budget that counts what a checkpoint uses: its own, its execution's, and the same of all executions above, by
 * the step of each from which the one below was started.
 */
export function placesAbove(store: Store, execution: Execution, ordinal: number, selector: string): NamedPlace[] {
  const places: NamedPlace[] = [
    { seq: execution.seq, ordinal, whose: `checkpoint ${selector}` },
    { seq: execution.seq, ordinal: wholeExecution, whose: "the execution" },
  ];
  for (let below = execution; below.parentSeq !== null; ) {
    const above = store.executions.get(below.parentSeq);
    if (above === undefined) break;
    const whose = `execution ${above.id} (${above.workflow}) above it`;
    const step = below.parentOrdinal ?? below.parentCheckpoint;
    if (step !== null) places.push({ seq: above.seq, ordinal: step, whose: `a checkpoint of ${whose}` });
    places.push({ seq: above.seq, ordinal: wholeExecution, whose });
    below = above;
  }
  return places;
}
