import type { Clock } from "../../core/clock.ts";

interface Blocked {
  ordinal: number;
  dueAt: number;
  onDue: () => void;
}

/** What an activation's body is blocked on, and the instants at which that ends by itself: one timer for all. */
export class Timers {
  readonly #clock: Clock;
  /** By ordinal; what ends by itself has an instant too. */
  readonly #blocked = new Map<number, Blocked | undefined>();
  /** By falling instant, so that the next one is at the end. What was unblocked meanwhile is skipped there. */
  #due: Blocked[] = [];
  #deadline: { dueAt: number; onDue: () => void } | undefined;
  #disarm: (() => void) | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many entries the body is blocked on. */
  get size(): number {
    return this.#blocked.size;
  }

  block(ordinal: number, dueAt: number | null, onDue: () => void): void {
    if (this.#stopped) return;
    const blocked = dueAt === null ? undefined : { ordinal, dueAt, onDue };
    this.#blocked.set(ordinal, blocked);
    if (blocked === undefined) return;
    this.#due.splice(this.#placeOf(blocked.dueAt), 0, blocked);
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
    const earliest = Math.min(
      this.#next()?.dueAt ?? Number.POSITIVE_INFINITY,
      this.#deadline?.dueAt ?? Number.POSITIVE_INFINITY,
    );
    return Number.isFinite(earliest) ? earliest : null;
  }

  stop(): void {
    this.#stopped = true;
    this.#disarm?.();
    this.#disarm = undefined;
    this.#blocked.clear();
    this.#due = [];
    this.#deadline = undefined;
  }

  #arm(): void {
    const earliest = this.earliest() ?? Number.POSITIVE_INFINITY;
    if (earliest >= this.#armedFor || this.#stopped) return;
    this.#disarm?.();
    this.#armedFor = earliest;
    this.#disarm = this.#clock.at(earliest, () => this.#fire());
  }

  /** Several that are due settle in the order of their instants, and of their calls where these are equal. */
  #fire(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#disarm = undefined;
    const now = this.#clock.now();
    if (this.#deadline !== undefined && this.#deadline.dueAt <= now) {
      const { onDue } = this.#deadline;
      this.#deadline = undefined;
      onDue();
    }
    for (let next = this.#next(); next !== undefined && next.dueAt <= now; next = this.#next()) {
      this.#due.pop();
      this.#blocked.set(next.ordinal, undefined);
      next.onDue();
    }
    this.#arm();
  }

  #next(): Blocked | undefined {
    for (;;) {
      const last = this.#due.at(-1);
      if (last === undefined || this.#blocked.get(last.ordinal) === last) return last;
      this.#due.pop();
    }
  }

  #placeOf(dueAt: number): number {
    let from = 0;
    let to = this.#due.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#due[middle]?.dueAt ?? 0) > dueAt) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
