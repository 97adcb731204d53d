import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { isProcessAlive, processStart } from "./identity.ts";

type Stream = "ignore" | "pipe" | number;

export interface Program {
  command: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Standard input, output and error. */
  streams: readonly [Stream, Stream, Stream];
  /** A descriptor of this process that the program finds as its descriptor 4. */
  descriptor?: number | undefined;
  /**
   * Whether the group is asked to end for a second before it is killed when this process dies: for programs that start
   * others in groups of their own and end them when they are asked to, but cannot when they are killed.
   */
  isAskedFirst?: boolean | undefined;
  /** Whether Windows hands the arguments over as they are, for `cmd`, which has rules of its own. */
  isVerbatim?: boolean | undefined;
}

/** What tells the leader of a group from every other process. */
export interface Leader {
  pid: number;
  processStart: string | null;
}

/** How a leader ended. */
export interface LeaderEnd {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

/** The first descriptor after the standard streams: it closes when the process that started the group dies. */
const lifelineFd = 3;
const longestDeathMs = 5_000;
const lookMs = 10;
const isWindows = process.platform === "win32";

/**
 * The leader waits for a line before it becomes the program, so that a group whose record was never written has done
 * nothing. A second process of the group waits for the lifeline's end; the program itself may be blocked or stopped.
 */
const leash = (first: string) => `IFS= read -r _ <&${lifelineFd} || exit 1
(trap '' HUP INT TERM; IFS= read -r _ <&${lifelineFd}; ${first}kill -KILL 0) </dev/null >/dev/null 2>&1 &
exec ${lifelineFd}<&-
exec "$@"`;
const asking = `kill -TERM 0; n=0; while [ $n -lt 20 ] && kill -0 $$; do sleep 0.05; n=$((n + 1)); done; `;

/**
 * Starts a program as the leader of a process group of its own. However this process dies, the group is killed; not so
 * on Windows, which has no groups: there the program goes on until it ends by itself.
 * @param record puts the leader on the record; the program begins only after it
 * @throws what `record` throws, and the system's error where no process can be started
 */
export async function startGroup(
  program: Program,
  record: (leader: Leader) => void | Promise<void>,
): Promise<ProcessGroup> {
  const child = spawnOnLeash(program);
  const leader = await leaderOf(child);
  const group = new ProcessGroup(child, leader);
  try {
    await record(leader);
  } catch (error) {
    await group.end(0);
    throw error;
  }
  group.letGo();
  return group;
}

/** A running program with everything that it started and that did not leave its group. */
export class ProcessGroup {
  readonly leader: Leader;
  /** Resolves when the leader has ended; what it started may live on until `end`. */
  readonly ended: Promise<LeaderEnd>;
  readonly #child: ChildProcess;
  #isKilled = false;

  constructor(child: ChildProcess, leader: Leader) {
    this.#child = child;
    this.leader = leader;
    this.ended = new Promise((resolve) => {
      if (!isRunning(child)) resolve({ exitCode: child.exitCode, signal: child.signalCode });
      child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
    });
    for (const one of [child, ...child.stdio]) one?.on("error", () => {});
  }

  get stdin(): Writable | null {
    return this.#child.stdin;
  }

  get stdout(): Readable | null {
    return this.#child.stdout;
  }

  get stderr(): Readable | null {
    return this.#child.stderr;
  }

  /** For `startGroup`: the record is written. */
  letGo(): void {
    lifelineOf(this.#child)?.write("\n");
  }

  /** Asks the leader alone, which sees for itself to what it started. */
  ask(signal: NodeJS.Signals): void {
    if (isRunning(this.#child)) this.#child.kill(signal);
  }

  /**
   * Ends the whole group: it is asked to, and after `graceMs`, or once its leader has gone, it is killed.
   * Resolves when the leader is gone, and nothing of the group runs any more.
   */
  async end(graceMs: number): Promise<void> {
    if (graceMs > 0 && isRunning(this.#child)) {
      signalGroup(this.leader.pid, "SIGTERM");
      await atMost(graceMs, this.ended);
    }
    // Once only: the number may soon be that of another group.
    if (!this.#isKilled) signalGroup(this.leader.pid, "SIGKILL");
    this.#isKilled = true;
    await atMost(longestDeathMs, this.ended);
    for (const stream of this.#child.stdio) stream?.destroy();
  }
}

/**
 * Kills a group that another process of this machine started, where its leader still lives.
 * @returns whether it is gone
 */
export async function endRecordedGroup({ pid, processStart: start }: Leader): Promise<boolean> {
  // Without a start, as on Windows, a living process of this pid may be anybody's.
  if (start === null || !isProcessAlive(pid, start)) return true;
  signalGroup(pid, "SIGKILL");
  const giveUpAt = performance.now() + longestDeathMs;
  while (isProcessAlive(pid, start)) {
    if (performance.now() > giveUpAt) return false;
    await sleep(lookMs);
  }
  return true;
}

function spawnOnLeash(program: Program): ChildProcess {
  const { command, args, cwd, env, streams, descriptor, isAskedFirst = false, isVerbatim = false } = program;
  const stdio = [...streams, isWindows ? "ignore" : "pipe", ...(descriptor === undefined ? [] : [descriptor])] as const;
  const options = { cwd, env, stdio: [...stdio], windowsHide: true };
  // A window of its own would open for it there.
  if (isWindows) return spawn(command, args, { ...options, windowsVerbatimArguments: isVerbatim });
  return spawn("/bin/sh", ["-c", leash(isAskedFirst ? asking : ""), "savepoint", command, ...args], {
    ...options,
    detached: true,
  });
}

async function leaderOf(child: ChildProcess): Promise<Leader> {
  await once(child, "spawn");
  const { pid } = child;
  if (pid === undefined) throw new Error("a process without a pid was started");
  return { pid, processStart: processStart(pid) };
}

function lifelineOf(child: ChildProcess): Writable | undefined {
  const stream = child.stdio[lifelineFd];
  return stream !== undefined && stream !== null && "write" in stream ? stream : undefined;
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** The group may live on without its leader; that all of it is gone is just as well. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (isWindows) {
    spawn("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore", windowsHide: true }).unref();
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {}
}

async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([promise, sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
}
