import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type FakeClaudeCall,
  type FakeClaudeEntry,
  type FakeClaudeRun,
  type FakeClaudeScript,
  type FakeClaudeTool,
  type FakeClaudeTurn,
  logPath,
  readEntries,
} from "./fake-claude.ts";
import { askHooks } from "./fake-claude-hooks.ts";
import { FakeClaudeOutput } from "./fake-claude-output.ts";

/** The program that `fakeClaude` writes a way to: it plays the script that FAKE_CLAUDE_SCRIPT names. */
const scriptPath = process.env["FAKE_CLAUDE_SCRIPT"] ?? "";
const flags = process.argv.slice(2);
const defaultTurns: FakeClaudeTurn[] = [{ text: "done" }];

await main();

async function main(): Promise<void> {
  const log = logPath(scriptPath);
  const script: FakeClaudeScript = JSON.parse(readFileSync(scriptPath, "utf8"));
  const before = readEntries(log).filter(({ entry }) => entry === "call").length;
  const run = script.runs[Math.min(before, script.runs.length - 1)] ?? {};
  const stdin = await text(process.stdin);
  const call = callOf(stdin);
  note({ entry: "call", call });
  if (refusesSession(call, run)) return;
  if (run.stderr !== undefined) process.stderr.write(run.stderr);
  if (run.stdout !== undefined) process.stdout.write(run.stdout);
  if (run.hasGrandchild === true) startGrandchild();
  const output = new FakeClaudeOutput({
    run,
    sessionId: call.sessionId,
    model: option("--model") ?? "claude-fake-1",
    isPartial: flags.includes("--include-partial-messages"),
  });
  const end = await play(run, call, output);
  if (run.hangs === true) return stay();
  output.end(end);
  process.exitCode = run.exitCode ?? (end === "success" ? 0 : 1);
  // What holds the pipe open must not hold this process.
  if (run.hasGrandchild === true) process.stdout.write("", () => process.exit());
}

function callOf(stdin: string): Omit<FakeClaudeCall, "tools" | "grandchild"> {
  const resumed = option("--resume");
  const file = (name: string, flag: string) => {
    const path = option(flag);
    return path === undefined ? {} : { [name]: readFileSync(path, "utf8") };
  };
  return {
    pid: process.pid,
    args: flags,
    env: Object.fromEntries(Object.entries(process.env).map(([name, value = ""]) => [name, value])),
    cwd: process.cwd(),
    stdin,
    sessionId: resumed ?? option("--session-id") ?? randomUUID(),
    isResumed: resumed !== undefined,
    files: {
      ...file("settings", "--settings"),
      ...file("mcpConfig", "--mcp-config"),
      ...file("systemPrompt", "--append-system-prompt-file"),
    },
  };
}

/** The real one resumes only what it knows, and begins only what it does not. */
function refusesSession(
  { sessionId, isResumed }: { sessionId: string; isResumed: boolean },
  run: FakeClaudeRun,
): boolean {
  const folder = join(process.env["CLAUDE_CONFIG_DIR"] ?? dirname(scriptPath), "fake-sessions");
  const path = join(folder, sessionId);
  if (isResumed && !existsSync(path)) {
    const message = `No conversation found with session ID: ${sessionId}`;
    const result = { type: "result", subtype: "error_during_execution", is_error: true, errors: [message] };
    process.stderr.write(`${message}\n`);
    process.stdout.write(`${JSON.stringify({ ...result, num_turns: 0, total_cost_usd: 0, modelUsage: {} })}\n`);
    process.exitCode = 1;
    return true;
  }
  if (!isResumed && existsSync(path)) {
    process.stderr.write(`Error: Session ID ${sessionId} is already in use.\n`);
    process.exitCode = 1;
    return true;
  }
  if (run.forgetsSession === true) return false;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, "");
  return false;
}

/** @returns the subtype of the result */
async function play(run: FakeClaudeRun, { stdin }: { stdin: string }, output: FakeClaudeOutput): Promise<string> {
  const turns = run.turns ?? defaultTurns;
  const mostTurns = Number(option("--max-turns") ?? Number.POSITIVE_INFINITY);
  const mostDollars = Number(option("--max-budget-usd") ?? Number.POSITIVE_INFINITY);
  for (const [index, turn] of turns.entries()) {
    if (index >= mostTurns) return "error_max_turns";
    if (output.costUsd > mostDollars) return "error_max_budget_usd";
    await sleep(turn.delayMs ?? 0);
    const said = turn.text
      ?.replaceAll("{{stdin_bytes}}", String(Buffer.byteLength(stdin)))
      .replaceAll("{{prompt}}", stdin);
    const calls = output.answer({ ...turn, ...(said === undefined ? {} : { text: said }) });
    await Promise.all(calls.map((one) => callTool(one, output, run)));
  }
  return "success";
}

async function callTool(
  { id, tool }: { id: string; tool: FakeClaudeTool },
  output: FakeClaudeOutput,
  { ignoresHooks = false }: FakeClaudeRun,
): Promise<void> {
  const { name, input = {}, answer = "ok", isError = false, delayMs = 0 } = tool;
  const refusal = await askHooks(ignoresHooks ? undefined : option("--settings"), {
    tool_name: name,
    tool_input: input,
    tool_use_id: id,
  });
  note({ entry: "tool", pid: process.pid, name, refusal });
  if (refusal !== null) return output.toolResult(id, `PreToolUse:${name} hook error: ${refusal}`, true);
  await sleep(delayMs);
  output.toolResult(id, answer, isError);
}

function startGrandchild(): void {
  const forever = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);";
  const { pid } = spawn(process.execPath, ["-e", forever], { stdio: ["ignore", "inherit", "inherit"] });
  if (pid !== undefined) note({ entry: "grandchild", pid: process.pid, grandchild: pid });
}

function stay(): void {
  process.on("SIGTERM", () => {});
  setInterval(() => {}, 1_000);
}

function option(name: string): string | undefined {
  const index = flags.indexOf(name);
  return index < 0 ? undefined : flags[index + 1];
}

function note(entry: FakeClaudeEntry): void {
  appendFileSync(logPath(scriptPath), `${JSON.stringify(entry)}\n`);
}
