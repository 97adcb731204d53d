import { uuidv7, V7Generator } from "uuidv7";

/** A new id: unique everywhere, sorted by the time of its making. */
export function newId(): string {
  return uuidv7();
}

/** How far the time in an id may run ahead. */
const furthestAheadMs = 1_000;
const generator = new V7Generator();
let last = 0;

/**
 * The id of a new execution. People type its beginning, which is the millisecond; so of several that are made in one,
 * each takes the next millisecond instead of sharing it.
 */
export function newExecutionId(): string {
  const now = Date.now();
  if (last - now < furthestAheadMs) last = Math.max(now, last + 1);
  return generator.generateOrResetWithTs(last).toString();
}
