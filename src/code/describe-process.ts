import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { UserError } from "../core/errors.ts";
import { type DescribeRequest, parseReport, type Report } from "./description.ts";

/** How a child process ended, and what the code that it loaded printed. */
export interface Outcome {
  end: Report | { kind: "died"; exitCode: number | null; signal: NodeJS.Signals | null } | { kind: "timed_out" };
  output: string;
}

const outputLimit = 64 * 1024;
const reportLimit = 16 * 1024 * 1024;
const heapLimitMb = 512;
const drainMs = 500;
const longestDeathMs = 2_000;

/** Runs the child for one module; whatever happens, neither it nor what it started outlives this call. */
export async function runDescribeChild(
  request: DescribeRequest,
  { cwd, limitMs }: { cwd: string; limitMs: number },
): Promise<Outcome> {
  const child = startChild(request, cwd);
  const output = collectOutput(child);
  const closed = once(child, "close").catch(() => undefined);
  for (const stream of child.stdio) stream?.on("error", () => undefined);
  try {
    const end = await endOf(child, limitMs);
    if (end.kind !== "described" && end.kind !== "timed_out") await atMost(drainMs, closed);
    return { end, output: output() };
  } finally {
    await killGroup(child);
    for (const stream of child.stdio) stream?.destroy();
  }
}

function startChild(request: DescribeRequest, cwd: string): ChildProcess {
  const script = fileURLToPath(new URL(`./describe-child${extname(import.meta.url)}`, import.meta.url));
  const flags = [`--max-old-space-size=${heapLimitMb}`, "--disable-warning=ExperimentalWarning"];
  // What runs there is user code, which must not print the key that seals the secrets.
  const { SAVEPOINT_PARENT_EXECUTION_ID: _, SAVEPOINT_MASTER_KEY: __, ...env } = process.env;
  return spawn(process.execPath, [...flags, script, JSON.stringify(request)], {
    cwd,
    env,
    // Beside the usual three: the pipe of the report, and a lifeline that closes when this process dies.
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
    // A group of its own, so that what the code starts can be ended with it. On Windows it would open a window.
    detached: process.platform !== "win32",
    windowsHide: true,
  });
}

/** Standard output and error in the order of their arrival, the beginning of it. */
function collectOutput(child: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer) => {
    if (size < outputLimit) chunks.push(chunk.subarray(0, outputLimit - size));
    size += chunk.length;
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  return () => Buffer.concat(chunks).toString() + (size > outputLimit ? "\n(cut at 64 KiB)" : "");
}

function endOf(child: ChildProcess, limitMs: number): Promise<Outcome["end"]> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome["end"]>();
  let timer = setTimeout(() => resolve({ kind: "timed_out" }), limitMs);
  onReport(child, resolve);
  child.on("close", (exitCode, signal) => resolve({ kind: "died", exitCode, signal }));
  child.once("exit", (exitCode, signal) => {
    clearTimeout(timer);
    // A report that is still on its way arrives before "close"; what the code started may hold that back for ever.
    timer = setTimeout(() => resolve({ kind: "died", exitCode, signal }), drainMs);
  });
  child.on("error", (error) => reject(cannotStart(error)));
  return promise.finally(() => {
    child.removeAllListeners("exit");
    clearTimeout(timer);
  });
}

/** The first line of the third pipe that is a report; whatever else the code wrote there is none of ours. */
function onReport(child: ChildProcess, take: (report: Report) => void): void {
  const pipe = child.stdio[3];
  if (!(pipe instanceof Readable)) return;
  let text = "";
  pipe.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (text + chunk).split("\n");
    text = lines.pop()?.slice(0, reportLimit) ?? "";
    const report = lines.map(parseReport).find((one) => one !== undefined);
    if (report !== undefined) take(report);
  });
}

function cannotStart(error: Error): UserError {
  return new UserError("unavailable", `No process could be started to look into the file: ${error.message}`, {
    hint: "Free some memory or processes on this machine and make the same call again.",
    cause: error,
  });
}

async function killGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const running = child.exitCode === null && child.signalCode === null;
  const exited = running ? once(child, "exit") : Promise.resolve();
  if (process.platform === "win32")
    spawn("taskkill", ["/pid", String(child.pid), "/T", "/F"], { stdio: "ignore" }).unref();
  else killPosixGroup(child.pid);
  await atMost(longestDeathMs, exited);
}

async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  await Promise.race([promise, sleep(ms, undefined, { ref: false })]);
}

/** The group may live on without its leader; that it is gone altogether is just as well. */
function killPosixGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {}
}
