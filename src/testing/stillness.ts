import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../core/clock.ts";
import type { JournalEntry } from "../store/journal.ts";
import type { EngineProcess } from "./engine-process.ts";

/** `dead`: the process died meanwhile. `working`: something is done in real time, and gives no sign of life. */
export type Stillness = "still" | "working" | "dead";

export interface StillnessOptions {
  process: EngineProcess;
  clock: Clock;
  /** How long what works in real time may show no sign of life, in milliseconds. */
  patienceMs: number;
}

/** What holds the engine up: `moving` ends by itself. */
type Look = { kind: "moving" | "resting" | "blocked" | "agents" } | { kind: "working"; what: string[] };

const lookMs = 2;
/** How long a body is looked at that is blocked: what it calls next comes at once. */
const blockedMs = 12;
/** How long what has been waited for in vain is looked at again. */
const givenUpMs = 30;
/** How long a program may take to say its first word. */
const agentMs = 5_000;
/** Everything that moves comes to rest, or something is wrong with the engine. */
const longestMs = 60_000;

/** Tells when nothing more happens by itself, without time or an answer. */
export class StillnessWatch {
  #signs = 0;
  /** Attempts that were waited for in vain. */
  readonly #givenUp = new Set<string>();

  /** How much has happened. */
  get signs(): number {
    return this.#signs;
  }

  /** Something has happened. */
  sign(): void {
    this.#signs++;
  }

  /** Looks until nothing has happened for long enough. Looks are counted, and not time: a slow machine makes fewer. */
  async until({ process, clock, patienceMs }: StillnessOptions): Promise<Stillness> {
    const giveUpAt = performance.now() + longestMs;
    let signs = this.#signs;
    let quietMs = 0;
    for (let looks = 0; performance.now() < giveUpAt; looks++) {
      await (looks < 4 ? turn() : pause(lookMs));
      if (process.isDead) return "dead";
      const look = lookAt(process, clock);
      if (look.kind === "moving" || signs !== this.#signs) {
        signs = this.#signs;
        quietMs = 0;
        continue;
      }
      quietMs += lookMs;
      if (quietMs <= this.#neededMs(look, patienceMs)) continue;
      if (look.kind !== "working") return look.kind === "agents" ? "working" : "still";
      for (const one of look.what) this.#givenUp.add(one);
      return "working";
    }
    throw new Error(`the engine has not come to rest within ${longestMs / 1_000} s`);
  }

  #neededMs(look: Look, patienceMs: number): number {
    switch (look.kind) {
      case "resting":
        return lookMs;
      case "blocked":
        return blockedMs;
      case "agents":
        return Math.max(agentMs, patienceMs);
      case "working":
        return look.what.every((one) => this.#givenUp.has(one)) ? givenUpMs : patienceMs;
      case "moving":
        return Number.POSITIVE_INFINITY;
      default:
        return look satisfies never;
    }
  }
}

/** A body that sleeps for no longer stays in memory. */
const hotMs = 1_000;

function lookAt(process: EngineProcess, clock: Clock): Look {
  const { executions, journal } = process.store;
  if ((executions.nextWakeAt() ?? Number.POSITIVE_INFINITY) <= clock.now()) return { kind: "moving" };
  if (process.modelsAreAtWork) return { kind: "moving" };
  if (process.agentsAreAtWork) return { kind: "agents" };
  const held = executions.ownedBy(process.owner);
  if (held.length === 0) return { kind: process.load === 0 ? "resting" : "moving" };
  const open = held.map(({ seq }) => ({ seq, entries: journal.load(seq).filter(isOpen) }));
  const what = open.flatMap(({ seq, entries }) => workIn(seq, entries));
  if (what.length > process.delayedAnswers) return { kind: "working", what };
  if (what.length > 0) return { kind: "blocked" };
  // A body that is blocked for longer is about to leave the memory.
  const isLeaving = open.some(({ entries }) =>
    entries.every(({ dueAt }) => dueAt === null || dueAt - clock.now() > hotMs),
  );
  return { kind: isLeaving ? "moving" : "blocked" };
}

function isOpen({ position, status, reuse }: JournalEntry): boolean {
  return position === null && (status === "running" || status === "pending") && reuse !== "candidate";
}

/** Attempts that run now, and bodies that wait for something which the engine does not know. */
function workIn(seq: number, entries: readonly JournalEntry[]): string[] {
  if (entries.length === 0) return [`${seq}`];
  const running = entries.filter(({ kind, dueAt }) => kind === "checkpoint" && dueAt === null);
  return running.map(({ ordinal, attempt }) => `${seq}:${ordinal}:${attempt}`);
}
