import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { dist, type TestProject } from "../processes/project.ts";

const main = fileURLToPath(new URL("cli/main.js", dist));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs one command line of the built program in a project, with what it is given on stdin. */
export async function savepoint(
  project: TestProject,
  args: readonly string[],
  { input = "", env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  const command = start(project, args, env);
  command.child.stdin?.end(input);
  return command.ended;
}

export interface Started {
  child: ChildProcess;
  /** What it has written to stdout until now. */
  written(): string;
  ended: Promise<Ended>;
}

export function start(project: TestProject, args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = project.node([main, ...args], env);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, written: () => stdout, ended };
}

/** The answer of a command that is to succeed, or to end with `code`. */
export async function json<T = Item>(project: TestProject, args: readonly string[], code = 0): Promise<T> {
  const ended = await savepoint(project, [...args, "--output", "json"]);
  if (ended.code !== code)
    throw new Error(`${args.join(" ")} ended with ${ended.code}: ${ended.stdout}${ended.stderr}`);
  return JSON.parse(ended.stdout || ended.stderr) as T;
}

/** What an answer holds in most of these tests. */
export interface Item {
  command: string;
  item: Record<string, unknown> & { execution_id: string; status: string; result: unknown };
}

/** Runs a command in a pseudo-terminal of its own; the one of util-linux does. */
const script = "script";

export const noTerminal =
  spawnSync(script, ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") !== true
    ? "util-linux script is not installed"
    : undefined;

/** A key for each text that the screen is to show before it is pressed. */
export type Keys = readonly (readonly [shown: string | RegExp, key: string])[];

export const key = { enter: "\r", down: "\x1b[B", left: "\x1b[D", space: " ", interrupt: "\x03" } as const;

/** Runs a command in a terminal of 100 columns and presses keys when the screen asks for them. */
export async function inTerminal(
  project: TestProject,
  args: readonly string[],
  keys: Keys = [],
  { rows = 40 }: { rows?: number } = {},
): Promise<{ code: number | null; screen: string }> {
  const line = [process.execPath, main, ...args].map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(" ");
  const child = spawn(script, ["-qfec", `stty cols 100 rows ${rows}; ${line}`, "/dev/null"], {
    cwd: project.root,
    env: { ...project.env, TERM: "xterm-256color", SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let screen = "";
  let from = 0;
  const left = [...keys];
  child.stdout.on("data", (chunk: Buffer) => {
    screen += chunk.toString();
    const [next] = left;
    if (next === undefined) return;
    const at = screen.slice(from).search(typeof next[0] === "string" ? new RegExp(escaped(next[0])) : next[0]);
    if (at < 0) return;
    from = screen.length;
    left.shift();
    child.stdin.write(next[1]);
  });
  const giveUp = setTimeout(() => child.kill("SIGKILL"), 25_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(giveUp);
  return { code, screen };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
