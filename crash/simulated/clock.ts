import type { Clock } from "../../src/core/clock.ts";

/** A clock that stands still until it is moved, forwards or backwards. */
export interface MovedClock extends Clock {
  /** What became due is called back in the order of its instants. */
  move(ms: number): void;
}

export const usualStart = Date.UTC(2030, 0, 1);

export function createClock(start = usualStart): MovedClock {
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
    move(ms) {
      time += ms;
      ring();
    },
  };
}
