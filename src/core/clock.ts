/** Where time comes from; tests pass one that they move themselves. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once `now()` has reached `at`; answers a function that calls it off. */
  at(at: number, callback: () => void): () => void;
}

/** The last instant that a Date can tell: what is due later is due then. */
const latestInstant = 8_640_000_000_000_000;

/** The instant `ms` after another. */
export function after(at: number, ms: number): number {
  return Math.min(at + ms, latestInstant);
}

/** Longest delay that timers take before they overflow to "at once". */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  at(at, callback) {
    let timer: NodeJS.Timeout | undefined;
    const arm = () => {
      const delay = at - Date.now();
      timer = delay > longestTimerMs ? setTimeout(arm, longestTimerMs) : setTimeout(fire, Math.max(0, delay));
    };
    // A timer may fire a millisecond early: `now()` must have reached `at` when the callback sees it.
    const fire = () => (Date.now() < at ? arm() : callback());
    arm();
    return () => clearTimeout(timer);
  },
};
