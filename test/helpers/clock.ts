import type { Clock } from "../../src/core/clock.ts";

/** A clock that stands still until it is moved. */
export interface TestClock extends Clock {
  /** Moves it forward; what became due is called back in the order of its instants. */
  advance(ms: number): void;
}

export function createClock(start = Date.UTC(2030, 0, 1)): TestClock {
  let time = start;
  const alarms = new Set<{ at: number; callback: () => void }>();
  const ring = () => {
    const due = [...alarms].filter(({ at }) => at <= time).sort((a, b) => a.at - b.at);
    for (const alarm of due) if (alarms.delete(alarm)) alarm.callback();
  };
  return {
    now: () => time,
    at(at, callback) {
      const alarm = { at, callback };
      alarms.add(alarm);
      if (at <= time) setImmediate(ring);
      return () => alarms.delete(alarm);
    },
    advance(ms) {
      time += ms;
      ring();
    },
  };
}
