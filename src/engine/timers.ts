import type { Clock } from "../core/clock.ts";

/** What an activation's body is blocked on, and the instants at which that ends by itself: one timer for all. */
export class Timers {
  readonly #clock: Clock;
  readonly #blocked = new Map<number, { dueAt: number | null; onDue: () => void }>();
  #deadline: { dueAt: number; onDue: () => void } | undefined;
  #disarm: (() => void) | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many entries the body is blocked on. */
  get size(): number {
    return this.#blocked.size;
  }

  block(ordinal: number, dueAt: number | null, onDue: () => void): void {
    this.#blocked.set(ordinal, { dueAt, onDue });
    this.#arm();
  }

  unblock(ordinal: number): void {
    this.#blocked.delete(ordinal);
  }

  /** The limit of the whole execution; it blocks nothing. */
  setDeadline(dueAt: number, onDue: () => void): void {
    this.#deadline = { dueAt, onDue };
    this.#arm();
  }

  /** The next instant at which something is due, the deadline included. */
  earliest(): number | null {
    let earliest = this.#deadline?.dueAt ?? Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#blocked.values()) if (dueAt !== null && dueAt < earliest) earliest = dueAt;
    return Number.isFinite(earliest) ? earliest : null;
  }

  stop(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    this.#blocked.clear();
    this.#deadline = undefined;
  }

  #arm(): void {
    const earliest = this.earliest() ?? Number.POSITIVE_INFINITY;
    if (earliest >= this.#armedFor) return;
    this.#disarm?.();
    this.#armedFor = earliest;
    this.#disarm = this.#clock.at(earliest, () => this.#fire());
  }

  #fire(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#disarm = undefined;
    const now = this.#clock.now();
    if (this.#deadline !== undefined && this.#deadline.dueAt <= now) this.#deadline.onDue();
    const due = [...this.#blocked].filter(([, { dueAt }]) => dueAt !== null && dueAt <= now);
    // Several that are due settle in the order of their instants, whatever order they were asked in.
    due.sort(([, a], [, b]) => (a.dueAt ?? 0) - (b.dueAt ?? 0));
    for (const [ordinal, one] of due) {
      this.#blocked.set(ordinal, { dueAt: null, onDue: one.onDue });
      one.onDue();
    }
    this.#arm();
  }
}
