import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { UserError } from "../core/errors.ts";
import type { Execution } from "../store/execution.ts";
import { createClock, type MovedClock, usualStart } from "./clock.ts";
import { captureConsole } from "./console-capture.ts";
import type { CrashOptions, CrashPoint } from "./crash-options.ts";
import { EngineProcess, type ProcessPlan } from "./engine-process.ts";
import type { OnWrite } from "./mortal-store.ts";
import { type Stillness, StillnessWatch } from "./stillness.ts";

export type SessionPlan = Omit<ProcessPlan, "folder" | "clock" | "onWrite" | "onActivity" | "env"> & {
  startAt: number | undefined;
  folder: string | undefined;
  autoAdvance: boolean;
  patienceMs: number;
  env(folder: string): NodeJS.ProcessEnv;
};

/** How long others leave what a dead process was running. */
const lostAfterMs = 15_000;
/** What is due later is due for nobody in a test. */
const furthestMs = 5e13;
/** A flow that sleeps a second for ever must not hang the test that lets a year pass. */
const mostSteps = 100_000;

/** The time of a test engine, and its processes: one that lives, and those that have died. */
export class Session {
  readonly folder: string;
  readonly clock: MovedClock;
  readonly patienceMs: number;
  readonly #plan: ProcessPlan;
  readonly #autoAdvance: boolean;
  readonly #ownsFolder: boolean;
  readonly #watch = new StillnessWatch();
  readonly #releaseConsole = captureConsole();
  readonly #dead: { process: EngineProcess; foundAt: number }[] = [];
  #process: EngineProcess;
  #writes = 0;
  #crashPoint: { at: number; side: CrashPoint["side"] } | undefined;
  #isMoving = false;
  /** What the test does or reads at the moment. */
  #calls = 0;
  #skipping: Promise<boolean> | undefined;
  #closed: Promise<void> | undefined;

  constructor({ startAt, folder, autoAdvance, patienceMs, env, ...plan }: SessionPlan) {
    this.#ownsFolder = folder === undefined;
    this.folder = folder ?? mkdtempSync(join(tmpdir(), "savepoint-testing-"));
    this.clock = createClock(startAt ?? usualStart);
    this.patienceMs = patienceMs;
    this.#autoAdvance = autoAdvance;
    this.#plan = {
      ...plan,
      env: env(this.folder),
      folder: this.folder,
      clock: this.clock,
      onWrite: (write) => this.#write(write),
      onActivity: () => this.#watch.sign(),
    };
    try {
      this.#process = new EngineProcess(this.#plan, "process 1");
    } catch (error) {
      this.#tidy();
      throw error;
    }
  }

  /** Transactions so far, of all processes. */
  get writes(): number {
    return this.#writes;
  }

  get crashes(): number {
    return this.#dead.length;
  }

  get hasCrashPoint(): boolean {
    return this.#crashPoint !== undefined;
  }

  /** The process that lives; where the last one has died, another one comes up. @throws UserError once it is closed */
  get process(): EngineProcess {
    if (this.#closed !== undefined) {
      throw new UserError("invalid_state", "the test engine is closed", {
        hint: "Await everything that the test does with it before close(), or before the block of `await using` ends.",
      });
    }
    if (this.#process.isDead) this.#revive(this.clock.now());
    return this.#process;
  }

  execution(id: string): Execution {
    const execution = this.process.store.executions.byId(id);
    if (execution === undefined) throw new Error(`execution ${id} is gone`);
    return execution;
  }

  /** Waits until nothing more happens without time or an answer. */
  settle(patienceMs = this.patienceMs): Promise<void> {
    return this.#counted(() => this.#still(patienceMs));
  }

  /** Does something to the record, again where the process dies of it; `isDone` tells whether it had been done then. */
  operate<T>(operation: (process: EngineProcess) => Promise<T>, isDone?: () => T | undefined): Promise<T> {
    return this.#counted(async () => {
      for (;;) {
        const { process } = this;
        try {
          return await operation(process);
        } catch (error) {
          if (!process.isDead) throw error;
          const done = isDone?.();
          if (done !== undefined) return done;
        }
      }
    });
  }

  /** The next instant at which something happens by itself. */
  nextAt(): number | undefined {
    const instants = [this.clock.nextAt(), this.process.store.executions.nextWakeAt()];
    const due = instants.filter((at) => at !== undefined && at !== null && at < this.clock.now() + furthestMs);
    return due.length === 0 ? undefined : Math.min(...due.map(Number));
  }

  /** Lets time pass, one due instant after the other, until it has come to `until`. */
  advance(until: number): Promise<void> {
    return this.#moving("advance()", async () => {
      await this.settle();
      for (let steps = 0; ; steps++) {
        const next = this.nextAt();
        if (next === undefined || next > until) break;
        if (steps >= mostSteps) throw tooManySteps(this.clock.now());
        await this.#moveTo(next);
      }
      await this.#moveTo(until);
    });
  }

  /** @returns false where nothing is due */
  advanceToNext(): Promise<boolean> {
    return this.#moving("advanceToNext()", async () => {
      await this.settle();
      const next = this.nextAt();
      if (next !== undefined) await this.#moveTo(next);
      return next !== undefined;
    });
  }

  /**
   * Where time passes by itself: to the next instant, once for all who wait at the same time.
   * @returns false where it does not, or nothing is due
   */
  async skip(): Promise<boolean> {
    if (!this.#autoAdvance) return false;
    this.#skipping ??= this.#moving("autoAdvance", () => this.#pass()).finally(() => {
      this.#skipping = undefined;
    });
    return this.#skipping;
  }

  get skips(): boolean {
    return this.#autoAdvance;
  }

  async crash({ takeover = "at once" }: CrashOptions): Promise<void> {
    const { process } = this;
    process.die();
    this.#revive(takeover === "at once" ? this.clock.now() : this.clock.now() + lostAfterMs);
    await this.settle();
  }

  crashAt({ write, side = "after" }: CrashPoint): void {
    if (!Number.isInteger(write) || write < 1) {
      throw new UserError("invalid_input", `crash: write must be a whole number from 1 on; it is ${write}`, {
        hint: "It counts transactions from now on; t.writes says how many there were, everyCrashPoint() tries them all.",
      });
    }
    this.#crashPoint = { at: this.#writes + write, side };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#process, ...this.#dead.map(({ process }) => process)].map((process) => process.close()));
    this.#tidy();
  }

  #tidy(): void {
    this.#releaseConsole();
    if (this.#ownsFolder) rmSync(this.folder, { recursive: true, force: true });
  }

  async #still(patienceMs: number): Promise<void> {
    for (;;) {
      const { process, clock } = this;
      const how: Stillness = await this.#watch.until({ process, clock, patienceMs });
      if (how !== "dead") return;
    }
  }

  /** While the test does or reads something, time does not pass by itself. */
  async #counted<T>(call: () => Promise<T>): Promise<T> {
    this.#calls++;
    try {
      return await call();
    } finally {
      this.#calls--;
    }
  }

  /** To the next instant, once everybody waits for it. Where something happens meanwhile, all look again instead. */
  async #pass(): Promise<boolean> {
    const { signs } = this.#watch;
    do {
      await this.#still(this.patienceMs);
      // The test goes on with what it has awaited.
      await turn();
    } while (this.#calls > 0);
    const next = this.nextAt();
    if (next !== undefined && signs === this.#watch.signs) await this.#moveTo(next);
    return next !== undefined || signs !== this.#watch.signs;
  }

  async #moving<T>(what: string, move: () => Promise<T>): Promise<T> {
    if (this.#isMoving) {
      throw new UserError("invalid_state", `${what} was called while time is being moved already`, {
        hint: "Await one call before the next; with autoAdvance, result() and waitFor() move it too.",
      });
    }
    this.#isMoving = true;
    try {
      return await move();
    } finally {
      this.#isMoving = false;
    }
  }

  async #moveTo(at: number): Promise<void> {
    const ms = at - this.clock.now();
    if (ms > 0) this.clock.move(ms);
    this.process.engine.changes.local();
    await this.#still(this.patienceMs);
  }

  readonly #write: OnWrite = (write) => {
    this.#writes++;
    this.#watch.sign();
    const point = this.#crashPoint;
    if (point === undefined || this.#writes !== point.at) return write();
    this.#crashPoint = undefined;
    const { side } = point;
    const die = () => {
      this.#process.die();
      throw new Error(`the process died ${side} a write, as the test has it`);
    };
    if (side === "before") die();
    const written = write(side === "inside" ? die : undefined);
    return side === "after" ? die() : written;
  };

  /** Another process comes up on the same folder; it takes over what it finds claimed by the dead. */
  #revive(foundAt: number): void {
    this.#dead.push({ process: this.#process, foundAt });
    void this.#process.close();
    this.#process = new EngineProcess(this.#plan, `process ${this.#dead.length + 1}`);
    const { store } = this.#process;
    this.#process.writeBeside(() => {
      for (const { process, foundAt } of this.#dead) store.executions.abandon(process.owner, foundAt);
    });
    this.#process.engine.changes.local();
  }
}

function tooManySteps(now: number): UserError {
  const at = new Date(now).toISOString();
  return new UserError("too_large", `time was moved ${mostSteps} times and has come to ${at}`, {
    hint: "A flow sleeps for short times again and again: advance by less, or let it sleep for longer.",
  });
}
