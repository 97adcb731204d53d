import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startProxy } from "./conformance-proxy.ts";
import { leftOut, scenarios } from "./conformance-scenarios.ts";
import { paint, say } from "./demo-output.ts";

const revision = "2025-11-25";
const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const suite = fileURLToPath(
  new URL("../node_modules/@modelcontextprotocol/conformance/dist/index.js", import.meta.url),
);
const startMs = 20_000;
const scenarioMs = 60_000;

interface Outcome {
  code: number;
  output: string;
}

if (!existsSync(main)) {
  process.stderr.write("dist/ is missing: run `npm install` (or `npm run build`) first.\n");
  process.exitCode = 1;
} else {
  const sandbox = mkdtempSync(join(tmpdir(), "savepoint-conformance-"));
  try {
    process.exitCode = await check(sandbox);
  } finally {
    rmSync(sandbox, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Runs the scenarios of the official suite on the product as it ships, its token included. */
async function check(sandbox: string): Promise<number> {
  const { server, url, tokenFile } = await startProduct(sandbox);
  const proxy = await startProxy(url, readFileSync(tokenFile, "utf8").trim());
  try {
    const unknown = await unknownScenarios(sandbox);
    for (const name of unknown) say(`${paint.yellow("?")} ${name}: enter it in scripts/conformance-scenarios.ts`);
    let failed = 0;
    for (const scenario of scenarios) {
      const outcome = await runSuite(sandbox, ["server", "--url", proxy.url.href, "--scenario", scenario]);
      if (outcome.code !== 0) failed += 1;
      report(scenario, outcome);
    }
    for (const [scenario, why] of Object.entries(leftOut)) say(paint.dim(`- ${scenario.padEnd(32)} ${why}`));
    const total = `${scenarios.length - failed} of ${scenarios.length} scenarios of ${revision} passed`;
    say(`\n${total}, ${Object.keys(leftOut).length} left out`);
    return failed === 0 && unknown.length === 0 ? 0 : 1;
  } finally {
    proxy.server.close();
    proxy.server.closeAllConnections();
    await stop(server);
  }
}

async function startProduct(sandbox: string): Promise<{ server: ChildProcess; url: URL; tokenFile: string }> {
  const project = join(sandbox, "project");
  mkdirSync(project);
  const args = [main, "serve", "--project", project, "--port", "0", "--output", "json"];
  const server = spawn(process.execPath, args, { env: environment(sandbox), stdio: ["ignore", "pipe", "inherit"] });
  try {
    const lines = createInterface({ input: server.stdout });
    const [line] = await once(lines, "line", { signal: AbortSignal.timeout(startMs) });
    const { mcp_url: url, token_file: tokenFile } = JSON.parse(String(line)) as { mcp_url: string; token_file: string };
    return { server, url: new URL(url), tokenFile };
  } catch (error) {
    await stop(server);
    throw error;
  }
}

/** Nothing of the user's own settings, and nowhere to leave anything but the sandbox. */
function environment(sandbox: string): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: sandbox, SAVEPOINT_CONFIG_HOME: join(sandbox, "config") };
}

/** What a newer suite asks of this revision and nobody has looked at yet. */
async function unknownScenarios(sandbox: string): Promise<string[]> {
  const { output } = await runSuite(sandbox, ["list", "--server"]);
  const listed = [...output.matchAll(/^ *- (\S+) \[(.*)\]$/gm)];
  const required = listed.flatMap(([, name = "", revisions = ""]) => (revisions.includes(revision) ? name : []));
  if (required.length === 0) throw new Error(`the suite lists nothing for ${revision}:\n${output}`);
  const known = new Set<string>([...scenarios, ...Object.keys(leftOut)]);
  return required.filter((name) => !known.has(name));
}

function runSuite(sandbox: string, [command = "", ...args]: string[]): Promise<Outcome> {
  const version = command === "server" ? ["--spec-version", revision] : [];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [suite, command, ...args, ...version],
      { cwd: sandbox, env: environment(sandbox), timeout: scenarioMs },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : 1, output: stdout + stderr }),
    );
  });
}

function report(scenario: string, { code, output }: Outcome): void {
  const passed = /Passed: \d+\/\d+/.exec(output)?.[0] ?? "";
  say(`${code === 0 ? paint.green("✔") : "✘"} ${scenario.padEnd(32)} ${passed.toLowerCase()}`);
  if (code !== 0) say(output);
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  const hard = setTimeout(() => server.kill("SIGKILL"), startMs);
  await ended;
  clearTimeout(hard);
}
