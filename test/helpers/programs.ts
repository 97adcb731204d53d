import {
  checkpoint,
  checkpointContext,
  executionId,
  flow,
  load,
  log,
  save,
  sleep,
  uuid,
  WaitExpired,
  wait,
} from "../../src/index.ts";
import { type AnyFlow, delay } from "./engine.ts";

/** A small language of flows, so that a seed makes one and an oracle can say what it must result in. */
export type Step =
  | { op: "call"; name: string; arg: number }
  | { op: "flaky"; arg: number; fails: number }
  | { op: "caught"; arg: number }
  | { op: "wait"; name: string; expires: boolean }
  | { op: "sleep"; ms: number }
  | { op: "foreign" }
  | { op: "value" }
  | { op: "save"; name: string; arg: number }
  | { op: "log"; arg: number }
  | { op: "all"; branches: Step[][] }
  | { op: "race"; id: number; branches: Step[][] }
  | { op: "loop"; times: number; body: Step[] };

export type Random = () => number;

/** Mulberry32: the same numbers for the same seed everywhere. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function makeProgram(random: Random): Step[] {
  let count = 0;
  const below = (most: number) => Math.floor(random() * most);
  // A foreign await that itself ends a race leaves nothing on the record, so a race holds none.
  const block = (depth: number, most: number, inRace: boolean): Step[] =>
    Array.from({ length: 1 + below(most) }, () => step(depth, inRace));
  const step = (depth: number, inRace: boolean): Step => {
    const arg = count++;
    const kind = below(depth > 0 ? 14 : 9);
    if (kind < 3) return { op: "call", name: `c${below(3)}`, arg: below(3) === 0 ? 0 : arg };
    if (kind === 3) return { op: "flaky", arg, fails: 1 + below(2) };
    if (kind === 4) return { op: "caught", arg };
    if (kind === 5) return { op: "wait", name: `w${below(2)}`, expires: below(4) === 0 };
    if (kind === 6)
      return inRace || below(2) === 0 ? { op: "sleep", ms: [1, 900, 60_000][below(3)] ?? 1 } : { op: "foreign" };
    if (kind === 7) return below(2) === 0 ? { op: "value" } : { op: "log", arg };
    if (kind === 8) return { op: "save", name: `s${arg}`, arg };
    if (kind < 11)
      return { op: "all", branches: Array.from({ length: 2 + below(2) }, () => block(depth - 1, 2, inRace)) };
    if (kind < 13) return { op: "race", id: arg, branches: Array.from({ length: 2 }, () => block(depth - 1, 2, true)) };
    return { op: "loop", times: 2, body: block(depth - 1, 2, inRace) };
  };
  return block(2, 5, false);
}

/** What must not change from one run of the body to the next, and how often checkpoints ran. */
export interface Observed {
  bodies: number;
  /** What each run of the body saw at each place: winners of races and recorded values. */
  seen: Map<string, Set<string>>;
  runs: Map<string, number>;
}

export function flowOf(program: Step[]): { flow: AnyFlow; observed: Observed } {
  const observed: Observed = { bodies: 0, seen: new Map(), runs: new Map() };
  const count = (key: string) => observed.runs.set(key, (observed.runs.get(key) ?? 0) + 1);
  const see = (place: string, what: string) => {
    const all = observed.seen.get(place) ?? new Set();
    observed.seen.set(place, all.add(what));
  };
  const calls = Object.fromEntries(
    ["c0", "c1", "c2"].map((name) => [
      name,
      checkpoint(name, async (arg: number) => {
        count(`${name}(${arg})`);
        if (arg % 3 === 0) await delay(arg % 4);
        return `${name}(${arg})`;
      }),
    ]),
  );
  const flaky = checkpoint(
    "flaky",
    async (arg: number, fails: number) => {
      if (checkpointContext().attempt <= fails) throw new Error("not yet");
      return `flaky(${arg})`;
    },
    { retries: { max: 3, backoff: 500 } },
  );
  const caught = checkpoint("caught", async (arg: number) => {
    count(`caught(${arg})`);
    throw new Error(`${arg}`);
  });

  const perform = async (step: Step, place: string): Promise<unknown> => {
    switch (step.op) {
      case "call":
        return calls[step.name]?.(step.arg);
      case "flaky":
        return flaky(step.arg, step.fails);
      case "caught":
        return caught(step.arg).catch((error: Error) => (error.cause as Error).message);
      case "wait":
        return wait({ name: step.name, ...(step.expires && { timeout: 1 }) }).catch((error) =>
          error instanceof WaitExpired ? "expired" : Promise.reject(error),
        );
      case "sleep":
        return sleep(step.ms);
      case "foreign":
        return delay(2);
      case "value":
        return void see(place, uuid());
      case "save":
        await save(step.name, { arg: step.arg });
        return load(executionId(), step.name);
      case "log":
        return log({ [`l${step.arg}`]: step.arg });
      case "all":
        return Promise.all(step.branches.map((branch, i) => performAll(branch, `${place}.${i}`)));
      case "race": {
        const winner = await Promise.race(
          step.branches.map((branch, i) => performAll(branch, `${place}.${i}`).then(() => i)),
        );
        see(place, String(winner));
        return "race";
      }
      case "loop": {
        const results: unknown[] = [];
        for (let i = 0; i < step.times; i++) results.push(await performAll(step.body, `${place}*${i}`));
        return results;
      }
      default:
        return step satisfies never;
    }
  };
  const performAll = async (steps: Step[], place: string): Promise<unknown[]> => {
    const results: unknown[] = [];
    for (const [i, step] of steps.entries()) results.push(await perform(step, `${place}/${i}`));
    return results;
  };
  const made = flow("program", () => {
    observed.bodies++;
    return performAll(program, "");
  });
  return { flow: made, observed };
}

export const answerTo = (name: string) => `answer to ${name}`;

/** What the program must result in; a wait that expires at once may have been answered before. */
export function expectedOf(steps: Step[]): unknown[] {
  return steps.map((step) => {
    switch (step.op) {
      case "call":
        return `${step.name}(${step.arg})`;
      case "flaky":
        return `flaky(${step.arg})`;
      case "caught":
        return String(step.arg);
      case "wait":
        return step.expires ? "answered or expired" : answerTo(step.name);
      case "save":
        return { arg: step.arg };
      case "all":
        return step.branches.map(expectedOf);
      case "race":
        return "race";
      case "loop":
        return Array.from({ length: step.times }, () => expectedOf(step.body));
      case "sleep":
      case "foreign":
      case "value":
      case "log":
        return undefined;
      default:
        return step satisfies never;
    }
  });
}

/** Whether a step somewhere in the program is of this kind. */
export function hasStep(steps: Step[], op: Step["op"]): boolean {
  return steps.some((step) => {
    if (step.op === op) return true;
    if (step.op === "all" || step.op === "race") return step.branches.some((branch) => hasStep(branch, op));
    return step.op === "loop" && hasStep(step.body, op);
  });
}
