import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const patienceMs = 60_000;
/** Longer than a worker takes to drain. */
const partingMs = 10_000;

export interface WorkerSettings {
  concurrency?: number;
  env?: NodeJS.ProcessEnv;
  /** Further options of Node.js. */
  nodeOptions?: string[];
}

const living = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

/** A real `savepoint worker`; it ends with this process at the latest. */
export class WorkerProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #log: string;

  constructor(project: string, log: string, { concurrency = 50, env = {}, nodeOptions = [] }: WorkerSettings) {
    const args = [command, "worker", "--project", project, "--concurrency", String(concurrency)];
    const output = openSync(log, "a");
    this.#child = spawn(process.execPath, [...nodeOptions, ...args], { env, stdio: ["ignore", output, output] });
    closeSync(output);
    this.#log = log;
    living.add(this.#child);
    this.#child.once("exit", () => living.delete(this.#child));
    if (this.#child.pid === undefined) throw new Error("the worker process did not start");
    this.pid = this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Looks again and again until something is there, for as long as the worker lives. */
  async until<T>(what: string, look: () => T | undefined): Promise<T> {
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (!this.isRunning) throw new Error(`the worker ended while it was waited for ${what}:\n${this.#lastWords()}`);
      if (performance.now() > giveUpAt) throw new Error(`no ${what} after ${patienceMs} ms:\n${this.#lastWords()}`);
      await delay(10);
    }
  }

  async kill(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  /** Asks it to end, as a service manager would. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const late = setTimeout(() => this.#child.kill("SIGKILL"), partingMs);
    await ended;
    clearTimeout(late);
  }

  #lastWords(): string {
    return readFileSync(this.#log, "utf8").split("\n").slice(-20).join("\n");
  }
}
