import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What a fake Claude Code does, run by run; the last one is what all further runs do. */
export interface FakeClaudeScript {
  runs: FakeClaudeRun[];
}

export interface FakeClaudeRun {
  /** The answers of its model; default: one turn that says "done". */
  turns?: FakeClaudeTurn[];
  /** Line by line as it happens (default), or at the end: the result alone, or an array of everything. */
  output?: "lines" | "object" | "array";
  /** Fields of the result beside and in place of those that follow from the turns; null: it prints no result. */
  result?: Record<string, unknown> | null;
  /** What it prints before anything else. */
  stdout?: string;
  stderr?: string;
  exitCode?: number;
  /** Dollars for a turn; default 0.001. 0 is what a subscription shows. */
  costPerTurn?: number;
  /** After its turns it goes on for ever, whatever signal it gets that can be ignored. */
  hangs?: boolean;
  /** It starts a process that does the same and holds its standard output open. */
  hasGrandchild?: boolean;
  /** As where an organisation's settings allow no hooks. */
  ignoresHooks?: boolean;
  /** It ends before it has written down that the session exists. */
  forgetsSession?: boolean;
}

export interface FakeClaudeTurn {
  /** `{{stdin_bytes}}` in it is how long the prompt was, `{{prompt}}` the prompt. */
  text?: string;
  /** Called at the same time. Before each call the hooks of `--settings` are asked, as the real one does. */
  tools?: FakeClaudeTool[];
  /** Default 100, those from the cache included. */
  inputTokens?: number;
  cachedTokens?: number;
  /** Default 20. */
  outputTokens?: number;
  /** How long the model takes to answer. */
  delayMs?: number;
}

export interface FakeClaudeTool {
  name: string;
  input?: Record<string, unknown>;
  /** Default "ok". */
  answer?: string;
  isError?: boolean;
  delayMs?: number;
}

/** One run as the program saw it. */
export interface FakeClaudeCall {
  pid: number;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  stdin: string;
  sessionId: string;
  isResumed: boolean;
  /** Texts of the files that its arguments name; they are removed when it has ended. */
  files: { settings?: string; mcpConfig?: string; systemPrompt?: string };
  /** Tool calls in the order in which they were decided. */
  tools: { name: string; refusal: string | null }[];
  /** The process that it started, where its script says so. */
  grandchild: number | null;
}

export interface FakeClaude {
  /** The program. */
  path: string;
  /** For the environment of the worker, or of the app: it runs this program where an agent is Claude Code. */
  env: { SAVEPOINT_CLAUDE: string };
  /** The runs so far, oldest first. */
  calls(): FakeClaudeCall[];
}

/**
 * Writes a program into `folder` that behaves as Claude Code does on its command line, by a script and without a model:
 * for tests of flows with `agent()`.
 * @example
 * const claude = fakeClaude({ folder, script: { runs: [{ turns: [{ text: "hello" }] }] } });
 * const app = await openApp({ env: { ...process.env, ...claude.env } });
 */
export function fakeClaude({ script, folder }: { script: FakeClaudeScript; folder: string }): FakeClaude {
  mkdirSync(folder, { recursive: true });
  const scriptPath = join(folder, "script.json");
  writeFileSync(scriptPath, JSON.stringify(script));
  const path = writeProgram(folder, scriptPath);
  return { path, env: { SAVEPOINT_CLAUDE: path }, calls: () => readCalls(logPath(scriptPath)) };
}

/** For the program: where it writes down what it sees. */
export function logPath(scriptPath: string): string {
  return `${scriptPath}.log`;
}

/** What the program writes into its log, a line each. */
export type FakeClaudeEntry =
  | { entry: "call"; call: Omit<FakeClaudeCall, "tools" | "grandchild"> }
  | { entry: "tool"; pid: number; name: string; refusal: string | null }
  | { entry: "grandchild"; pid: number; grandchild: number };

function writeProgram(folder: string, scriptPath: string): string {
  const ending = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const program = new URL(`./fake-claude-program${ending}`, import.meta.url);
  if (process.platform === "win32") {
    const path = join(folder, "claude.mjs");
    const lines = [
      `process.env.FAKE_CLAUDE_SCRIPT = ${JSON.stringify(scriptPath)};`,
      `await import("${program.href}");`,
    ];
    writeFileSync(path, lines.join("\n"));
    return path;
  }
  const path = join(folder, "claude");
  const command = [process.execPath, fileURLToPath(program)].map(quoted).join(" ");
  writeFileSync(path, `#!/bin/sh\nFAKE_CLAUDE_SCRIPT=${quoted(scriptPath)} exec ${command} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function readCalls(path: string): FakeClaudeCall[] {
  const calls: FakeClaudeCall[] = [];
  for (const entry of readEntries(path)) {
    const last = calls.findLast(({ pid }) => entry.entry !== "call" && pid === entry.pid);
    if (entry.entry === "call") calls.push({ ...entry.call, tools: [], grandchild: null });
    else if (entry.entry === "tool") last?.tools.push({ name: entry.name, refusal: entry.refusal });
    else if (last !== undefined) last.grandchild = entry.grandchild;
  }
  return calls;
}

/** The log so far. */
export function readEntries(path: string): FakeClaudeEntry[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line): FakeClaudeEntry => JSON.parse(line));
}
