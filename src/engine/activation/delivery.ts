/** How long nothing may have been called before a body counts as quiet: awaits of foreign promises are invisible. */
export const quietMs = 50;

export interface DeliveryPort {
  /** The body is quiet and nothing recorded is left to deliver. */
  onIdle(): void;
}

interface Recorded {
  position: number;
  ordinal: number;
}

/**
 * Hands recorded settlements to the body in the order in which they were committed, the next only after the body's
 * microtasks have drained, so that races end on a re-run as they ended first.
 *
 * When nobody has asked for the lowest one, it waits until the body is quiet, then takes the lowest that was asked
 * for; those passed over are delivered when they are asked for. When none is left, held calls are released in call
 * order.
 */
export class Delivery {
  readonly #port: DeliveryPort;
  readonly #askers = new Map<number, () => void | Promise<void>>();
  #held: (() => void)[] = [];
  /** Undelivered, by rising position; those before `#head` are done. */
  #recorded: Recorded[] = [];
  #head = 0;
  /** What the body did not want when its turn came, and of that what it has asked for since, by rising position. */
  readonly #passed = new Map<number, Recorded>();
  #late: Recorded[] = [];
  /** Settlements that are still on their way into the body: the next one waits for them. */
  #underway = 0;
  #lastCallAt = performance.now();
  #scheduled: NodeJS.Immediate | undefined;
  #quietTimer: NodeJS.Timeout | undefined;
  #frontier = 0;
  #stopped = false;

  constructor(port: DeliveryPort) {
    this.#port = port;
  }

  /** Position of the last settlement that the body has seen. */
  get frontier(): number {
    return this.#frontier;
  }

  /** A settlement is on the record. Positions arrive rising, except that other processes' lower ones may come late. */
  record(position: number, ordinal: number): void {
    if (this.#head > 0 && (this.#recorded.at(-1)?.position ?? 0) > position) {
      this.#recorded = this.#recorded.slice(this.#head);
      this.#head = 0;
    }
    insertByPosition(this.#recorded, { position, ordinal });
  }

  /** The body awaits the entry's settlement; `settle` hands it over. */
  ask(ordinal: number, settle: () => void | Promise<void>): void {
    this.#askers.set(ordinal, settle);
    const passed = this.#passed.get(ordinal);
    if (passed !== undefined) {
      this.#passed.delete(ordinal);
      insertByPosition(this.#late, passed);
    }
    this.touch();
    this.schedule();
  }

  /** A call that must not claim an entry before all that is recorded has been delivered and the body is idle. */
  hold(release: () => void): void {
    this.#held.push(release);
    this.touch();
    this.schedule();
  }

  /** The body called something. */
  touch(): void {
    this.#lastCallAt = performance.now();
  }

  isQuiet(): boolean {
    return this.#underway === 0 && performance.now() - this.#lastCallAt >= quietMs;
  }

  /** Until `work` is over nothing is delivered and the body is not quiet. */
  async holdBack(work: Promise<void>): Promise<void> {
    this.#underway++;
    try {
      await work;
    } finally {
      this.#underway--;
      this.touch();
      this.schedule();
    }
  }

  /** Goes on with the next settlement once the microtasks that are queued now have run. */
  schedule(): void {
    if (this.#scheduled !== undefined || this.#stopped) return;
    this.#scheduled = setImmediate(() => {
      this.#scheduled = undefined;
      this.pump();
    });
  }

  /** Delivers at most one settlement. Called from a macrotask: microtasks have drained. */
  pump(): void {
    if (this.#stopped || this.#underway > 0) return;
    const next = this.#next();
    if (next === "wait") return this.#awaitQuiet();
    if (next === undefined) return this.isQuiet() ? this.#idle() : this.#awaitQuiet();
    this.#deliver(next);
    if (this.#askers.size > 0 || this.#held.length > 0) this.schedule();
  }

  #idle(): void {
    const release = this.#held.shift();
    if (release === undefined) return this.#port.onIdle();
    release();
    this.schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#scheduled);
    clearTimeout(this.#quietTimer);
    this.#askers.clear();
    this.#recorded = [];
    this.#passed.clear();
    this.#late = [];
    this.#held = [];
  }

  #next(): Recorded | "wait" | undefined {
    const late = this.#late.shift();
    if (late !== undefined) return late;
    const lowest = this.#recorded[this.#head];
    if (lowest === undefined) return undefined;
    if (this.#askers.has(lowest.ordinal)) return this.#shift();
    if (!this.isQuiet()) return "wait";
    while (this.#head < this.#recorded.length) {
      const recorded = this.#shift();
      if (recorded === undefined || this.#askers.has(recorded.ordinal)) return recorded;
      this.#passed.set(recorded.ordinal, recorded);
    }
    return undefined;
  }

  #shift(): Recorded | undefined {
    const recorded = this.#recorded[this.#head++];
    if (this.#head === this.#recorded.length) {
      this.#recorded = [];
      this.#head = 0;
    }
    return recorded;
  }

  #deliver({ position, ordinal }: Recorded): void {
    const settle = this.#askers.get(ordinal);
    this.#askers.delete(ordinal);
    this.#frontier = Math.max(this.#frontier, position);
    // The body gets time for a short foreign await before it counts as quiet again.
    this.touch();
    const underway = settle?.();
    if (underway !== undefined) void this.holdBack(underway);
  }

  #awaitQuiet(): void {
    if (this.#quietTimer !== undefined) return;
    const left = quietMs - (performance.now() - this.#lastCallAt);
    this.#quietTimer = setTimeout(
      () => {
        this.#quietTimer = undefined;
        this.pump();
      },
      Math.max(1, left),
    );
  }
}

function insertByPosition(list: Recorded[], recorded: Recorded): void {
  let at = list.length;
  while (at > 0 && (list[at - 1]?.position ?? 0) > recorded.position) at--;
  list.splice(at, 0, recorded);
}
