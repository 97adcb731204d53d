import type { Clock } from "../core/clock.ts";

/** A clock that stands still until it is moved, forwards or backwards. */
export interface MovedClock extends Clock {
  /** What became due is called back in the order of its instants. */
  move(ms: number): void;
  /** The next instant at which somebody is to be called back. */
  nextAt(): number | undefined;
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
    nextAt() {
      let next: number | undefined;
      for (const { at } of alarms) if (next === undefined || at < next) next = at;
      return next;
    },
  };
}

/** The clock as one process has it: nobody of it is called back once it has died. */
export function mortalClock({ now, at }: Clock): Clock & { stop(): void } {
  const armed = new Set<() => void>();
  return {
    now,
    at(instant, callback) {
      const callOff = at(instant, () => {
        armed.delete(callOff);
        callback();
      });
      armed.add(callOff);
      return () => {
        armed.delete(callOff);
        callOff();
      };
    },
    stop() {
      for (const callOff of armed) callOff();
      armed.clear();
    },
  };
}
