import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { expect } from "vitest";
import type { App, AppOptions } from "../../src/app.ts";
import { isTerminal } from "../../src/core/statuses.ts";
import { decodeValue } from "../../src/core/values.ts";
import type { Execution } from "../../src/store/execution.ts";
import type { WorkerRow } from "../../src/store/workers.ts";

export const dist = new URL("../../dist/", import.meta.url);
const serverFixture = fileURLToPath(new URL("./fixtures/server.ts", import.meta.url));

/** What flows of these tests do to the world, so that a test can count it and hold it up. */
const effects = `
import { appendFileSync, existsSync } from "node:fs";
export const note = (file: string, line: string) => appendFileSync(file, line + "\\n");
export const gate = async (file: string) => {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 10));
};
`;

/** A project folder of its own, the processes that work on it, and this process as one that reads and writes it. */
export class TestProject {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "savepoint-processes-")));
  readonly env: NodeJS.ProcessEnv;
  readonly #children = new Set<ChildProcess>();
  readonly #apps: App[] = [];

  constructor(env: NodeJS.ProcessEnv = {}) {
    const home = join(dirname(this.root), `${this.root.slice(dirname(this.root).length + 1)}-home`);
    this.env = {
      PATH: process.env["PATH"],
      SAVEPOINT_CONFIG_HOME: home,
      SAVEPOINT_PROJECT: this.root,
      SAVEPOINT_WORKER_LEASE: "2s",
      ...env,
    };
    this.write("lib/effects.ts", effects);
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(name: string, text: string): string {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  /** A flow file, with what these tests' flows import. */
  flow(name: string, body: string): void {
    const imports = `import { checkpoint, checkpointContext, flow, log, save, sleep, wait } from "savepoint";
import { gate, note } from "../lib/effects.ts";
`;
    this.write(`flows/${name}.ts`, imports + body);
  }

  /** Lines of a file that flows write, in the order in which they were written. */
  lines(name: string): string[] {
    try {
      return readFileSync(this.path(name), "utf8").split("\n").slice(0, -1);
    } catch {
      return [];
    }
  }

  /** The project as another process has it open. Starts no worker unless told to. */
  async open(options: AppOptions = {}): Promise<App> {
    const { openApp } = (await import(new URL("app.js", dist).href)) as typeof import("../../src/app.ts");
    const app = await openApp({ env: this.env, ensureWorker: false, ...options });
    this.#apps.push(app);
    return app;
  }

  /** Starts a process that keeps a worker alive as a server does. */
  async serve(env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
    const child = this.node([serverFixture], env);
    await ready(child);
    return child;
  }

  /** Starts a foreground worker. */
  worker(env: NodeJS.ProcessEnv = {}): ChildProcess {
    return this.node([fileURLToPath(new URL("cli/main.js", dist)), "worker", "--project", this.root], env);
  }

  node(args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(process.execPath, args, {
      cwd: this.root,
      env: { ...this.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on("error", () => {});
    child.stderr?.resume();
    this.#children.add(child);
    return child;
  }

  /** Ends every process of this project, and fails when one is left that nobody knows of. */
  async close(): Promise<void> {
    const log = this.lines(".savepoint/logs/worker.log");
    // Servers first: they would replace the workers.
    for (const child of this.#children) if (isRunning(child)) child.kill("SIGKILL");
    await until("the children to end", () => ![...this.#children].some(isRunning));
    const known = await this.#registeredPids();
    for (const app of this.#apps) await app.close();
    for (const pid of known) kill(pid, "SIGTERM");
    const left = await gone(() => processesOf(this.root).filter((pid) => known.includes(pid)), 8_000);
    for (const pid of left) kill(pid, "SIGKILL");
    const strays = await gone(() => processesOf(this.root), 3_000);
    for (const pid of strays) kill(pid, "SIGKILL");
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
    rmSync(String(this.env["SAVEPOINT_CONFIG_HOME"]), { recursive: true, force: true });
    expect({ left, strays }, log.slice(-20).join("\n")).toEqual({ left: [], strays: [] });
  }

  async #registeredPids(): Promise<number[]> {
    try {
      const app = this.#apps[0] ?? (await this.open());
      return app.stack.workers().flatMap(({ pid }) => pid ?? []);
    } catch {
      return [];
    }
  }
}

/** Puts an execution on the record as every surface does. */
export async function run(app: App, target: string, input?: unknown): Promise<Execution> {
  const { version, flow } = await app.code.resolve(target);
  const execution = await app.engine.run({
    workflow: flow.name,
    target,
    version: version.hash,
    input,
    stack: "local",
    trigger: "manual",
    tags: [],
    timeoutMs: flow.options.timeoutMs ?? null,
  });
  app.stack.ensureWorker();
  return execution;
}

export async function reached(app: App, id: string, enough: (execution: Execution) => boolean): Promise<Execution> {
  const execution = await app.engine.watch(id, enough, { timeoutMs: 20_000 });
  if (!enough(execution)) throw new Error(`still ${JSON.stringify(execution, null, 1)}`);
  return execution;
}

export const ended = (app: App, id: string) => reached(app, id, ({ status }) => isTerminal(status));
export const waits = (app: App, id: string) => reached(app, id, ({ status }) => status === "waiting");

/** The result of an execution that is to complete. */
export async function result(app: App, id: string): Promise<unknown> {
  const execution = await ended(app, id);
  if (execution.status !== "completed") throw new Error(JSON.stringify(execution, null, 1));
  return execution.result === null ? undefined : decodeValue(app.store.payloads.read(execution.result));
}

/** The failure of an execution that is to fail. */
export async function failure(app: App, id: string) {
  const execution = await ended(app, id);
  if (execution.status !== "failed") throw new Error(JSON.stringify(execution, null, 1));
  return execution.failure;
}

export interface LogLine {
  level: string;
  source: string;
  message: string;
}

export function logsOf(app: App, { seq }: { seq: number }): LogLine[] {
  return app.store
    .reader()
    .prepare<[number], LogLine>("SELECT level, source, message FROM logs WHERE execution_seq = ? ORDER BY id")
    .all(seq);
}

export function eventsOf(app: App, { seq }: { seq: number }): string[] {
  return app.store
    .reader()
    .prepare<[number], { type: string }>("SELECT type FROM events WHERE execution_seq = ? ORDER BY id")
    .all(seq)
    .map(({ type }) => type);
}

/** The one worker that serves the project, once it does. */
export async function onlyWorker(app: App): Promise<WorkerRow & { pid: number }> {
  const worker = await until("one active worker", () => {
    const active = app.stack.workers().filter(({ state }) => state === "active");
    return active.length === 1 ? active[0] : undefined;
  });
  if (worker.pid === null) throw new Error("an active worker has no pid");
  return { ...worker, pid: worker.pid };
}

/** Looks again and again until there is something to return. */
export async function until<T>(what: string, look: () => T | Promise<T>, timeoutMs = 20_000) {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found) return found as NonNullable<T>;
    if (performance.now() > giveUpAt) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await delay(15);
  }
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {}
}

/** Stops a process where it is not in the middle of a transaction: stopped there it would hold SQLite's lock for ever. */
export async function freeze({ store }: App, pid: number): Promise<void> {
  const database = new Database(store.databasePath, { timeout: 300 });
  try {
    for (;;) {
      kill(pid, "SIGSTOP");
      try {
        database.exec("BEGIN IMMEDIATE; ROLLBACK");
        return;
      } catch {
        kill(pid, "SIGCONT");
        await delay(5);
      }
    }
  } finally {
    database.close();
  }
}

export function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

export async function exit(child: ChildProcess): Promise<number | null> {
  if (isRunning(child)) await once(child, "exit");
  return child.exitCode;
}

/** Processes that name this folder in their command line: its workers, however they came about. */
export function processesOf(root: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandLine(pid).includes(root))
    .map(Number);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

async function gone(list: () => number[], timeoutMs: number): Promise<number[]> {
  const giveUpAt = performance.now() + timeoutMs;
  while (list().length > 0 && performance.now() < giveUpAt) await delay(15);
  return list();
}

async function ready(child: ChildProcess): Promise<void> {
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until("the process to be ready", () => said.includes("ready") || !isRunning(child));
  if (!isRunning(child)) throw new Error(`it ended with ${child.exitCode}`);
}
