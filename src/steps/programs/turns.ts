import { setTimeout as sleep } from "node:timers/promises";

/** One that cannot write down its end never ends. */
const longestEndMs = 5_000;
const running = new Map<string, Promise<unknown>>();

/** An attempt that ran out of time takes a moment to end its program: the next one must not meet it at work. */
export async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = running.get(key);
  if (before !== undefined) await Promise.race([before, sleep(longestEndMs, undefined, { ref: false })]);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  running.set(key, ended);
  try {
    return await work();
  } finally {
    if (running.get(key) === ended) running.delete(key);
    resolve();
  }
}
