import type { World } from "../simulated/world.ts";
import { answerTo } from "./oracle.ts";
import { below, type Random } from "./random.ts";

const longestLeapMs = 3 * 3_600_000;
/** The time limit of a program that waits for nobody at its end. */
export const overdueMs = 10 * 24 * 3_600_000;

/** The world that programs expect: `w…` is answered, `a…` is aborted, to all other waits nobody reacts. */
export function worldOf(random: Random, mode: { isLeaping: boolean; isMeddled: boolean }): World {
  const nextLeap = mode.isLeaping ? leaps(random) : () => 0;
  return {
    reactTo(wait) {
      if (wait.startsWith("w")) return { answer: answerTo(wait) };
      return wait.startsWith("a") ? "abort" : undefined;
    },
    mends: (execution) =>
      execution.status === "failed" && execution.attempt === 1 && execution.failure.message.includes("still broken"),
    meddle() {
      const ms = nextLeap();
      if (ms !== 0) return { kind: "leap", ms };
      if (!mode.isMeddled) return undefined;
      const draw = random();
      if (draw < 0.03) return { kind: "pause" };
      return draw < 0.06 ? { kind: "early", wait: `w${below(random, 2)}` } : undefined;
    },
  };
}

/** Hours forwards for good, or hours back and some looks later forwards again. */
function leaps(random: Random): () => number {
  let lookCount = 0;
  let owedMs = 0;
  return () => {
    if (owedMs > 0) {
      if (--lookCount > 0) return 0;
      const ms = owedMs;
      owedMs = 0;
      return ms;
    }
    if (random() > 0.06) return 0;
    const ms = 1 + below(random, longestLeapMs);
    if (random() < 0.5) return ms;
    owedMs = ms;
    lookCount = 1 + below(random, 15);
    return -ms;
  };
}
