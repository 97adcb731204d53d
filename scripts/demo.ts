import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { heading, paint, say, step, timeline } from "./demo-output.ts";

interface Checkpoint {
  selector: string;
  status: string;
  origin: string | null;
  duration_ms?: number | null;
}

interface Execution {
  execution_id: string;
  status: string;
  result?: unknown;
  failure?: { message: string } | null;
  pending_waits: { name: string; question: string | null }[];
  checkpoints: Checkpoint[];
}

const repository = fileURLToPath(new URL("..", import.meta.url));
const server = join(repository, "dist", "server.js");

if (!existsSync(server)) {
  process.stderr.write("dist/ is missing: run `npm install` (or `npm run build`) first, then `npm run demo` again.\n");
  process.exitCode = 1;
} else {
  const sandbox = mkdtempSync(join(tmpdir(), "savepoint-demo-"));
  try {
    await drive(prepareProject(sandbox), join(sandbox, "config"));
  } finally {
    rmSync(sandbox, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A throw-away copy of this repository's own documents and examples: the demo leaves nothing behind. */
function prepareProject(sandbox: string): string {
  const project = join(sandbox, "project");
  const left = new Set(["node_modules", "dist", ".git", ".savepoint", "test"]);
  for (const name of readdirSync(repository).filter((entry) => !left.has(entry))) {
    cpSync(join(repository, name), join(project, name), { recursive: true });
  }
  return project;
}

async function drive(project: string, config: string): Promise<void> {
  const started = performance.now();
  const client = new Client({ name: "savepoint-demo", version: "1.0.0" });
  const environment = { ...definedEnvironment(), SAVEPOINT_PROJECT: project, SAVEPOINT_CONFIG_HOME: config };
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [server], env: environment }));
  try {
    await tour(client, started);
  } finally {
    await stopWorkers(client);
    await client.close();
  }
  say(
    `\nDone in ${((performance.now() - started) / 1000).toFixed(1)} s. Nothing was left running, and nothing was left behind.`,
  );
  say(`Next: ${paint.bold("docs/quickstart.md")} shows how to connect your own agent and write your own flow.\n`);
}

async function tour(client: Client, started: number): Promise<void> {
  const { tools } = await client.listTools();
  const info = client.getServerVersion();
  heading(`An MCP client has connected to ${info?.name} ${info?.version}, which offers ${tools.length} tools`);

  const target = "examples/flows/document-review.ts:documentReview";
  step("executions_run", { target, input: { path: "README.md" } });
  const first = await call<Execution>(client, "executions_run", {
    target,
    input: { path: "README.md" },
    wait_seconds: 10,
  });
  expectStatus(first, "waiting");
  timeline((await full(client, first)).checkpoints);
  say(`  ${paint.yellow("⏸ waits")}  ${first.pending_waits[0]?.question}`);
  say(paint.dim("  It holds no memory while it waits. The server, the worker, even the machine could restart now."));

  step("executions_input", { execution_id: short(first), value: { publish: true, comment: "Ship it" } });
  const value = { publish: true, comment: "Ship it" };
  const done = await call<Execution>(client, "executions_input", {
    execution_id: first.execution_id,
    value,
    wait_seconds: 10,
  });
  expectStatus(done, "completed");
  timeline((await full(client, done)).checkpoints.slice(-1));
  say(`  ${paint.green("✔ completed")}  ${JSON.stringify(done.result)}`);

  step("artifacts_get", { execution_id: short(done), name: "report" });
  const report = await call<{ value?: unknown; text?: string }>(client, "artifacts_get", {
    execution_id: done.execution_id,
    name: "report",
  });
  say(excerpt(String(report.value ?? report.text)));

  await replay(client, done);
  say(paint.dim(`  (${((performance.now() - started) / 1000).toFixed(1)} s so far)`));
}

/** What if the link check had found something? Everything before it is taken from the record. */
async function replay(client: Client, source: Execution): Promise<void> {
  const problem = { line: 1, message: "links to a page that was moved" };
  const request = {
    execution_id: source.execution_id,
    from: "write_report",
    overrides: { "checkpoint.check_links": [problem] },
    reuse_answers: false,
    wait_seconds: 10,
  };
  step("executions_replay", { from: request.from, overrides: request.overrides });
  const { execution } = await call<{ execution: Execution }>(client, "executions_replay", request);
  expectStatus(execution, "waiting");
  timeline((await full(client, execution)).checkpoints);
  say(`  ${paint.yellow("⏸ waits")}  ${execution.pending_waits[0]?.question}`);

  step("executions_input", { execution_id: short(execution), value: { publish: true } });
  const answer = { execution_id: execution.execution_id, value: { publish: true }, wait_seconds: 10 };
  const done = await call<Execution>(client, "executions_input", answer);
  expectStatus(done, "completed");
  timeline((await full(client, done)).checkpoints.slice(-1));
  say(`  ${paint.green("✔ completed")}  ${JSON.stringify(done.result)}`);
  say(paint.dim(`  The first execution is untouched: ${short(source)} still says ${JSON.stringify(source.result)}`));
}

async function call<T>(client: Client, name: string, args: Record<string, unknown>): Promise<T> {
  const result = await client.callTool({ name, arguments: args });
  if (result.isError) throw new Error(`${name} failed: ${JSON.stringify(result.content)}`);
  return result.structuredContent as T;
}

function full(client: Client, { execution_id }: Execution): Promise<Execution> {
  return call<Execution>(client, "executions_get", { execution_id, detail: "full" });
}

function expectStatus(execution: Execution, status: string): void {
  if (execution.status === status) return;
  const why = execution.failure === undefined ? "" : `: ${JSON.stringify(execution.failure)}`;
  throw new Error(`the execution is ${execution.status} and not ${status}${why}`);
}

function short({ execution_id }: Execution): string {
  return `${execution_id.slice(0, 13)}…`;
}

function excerpt(report: string): string {
  const lines = report.trimEnd().split("\n");
  const shown = lines.slice(0, 9).map((line) => paint.dim(`  │ ${line}`));
  if (lines.length > shown.length) shown.push(paint.dim(`  │ … ${lines.length - shown.length} more lines`));
  return shown.join("\n");
}

/** The worker would end by itself after a minute of idleness; the demo tidies up at once. */
async function stopWorkers(client: Client): Promise<void> {
  const { items } = await call<{ items: { workers: { pid: number | null }[] }[] }>(client, "stacks_list", {});
  for (const pid of items.flatMap(({ workers }) => workers.map((worker) => worker.pid))) {
    if (pid !== null) await stopProcess(pid);
  }
}

async function stopProcess(pid: number): Promise<void> {
  process.kill(pid, "SIGTERM");
  for (let i = 0; i < 500 && isRunning(pid); i++) await new Promise((resolve) => setTimeout(resolve, 10));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
