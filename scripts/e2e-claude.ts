import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The release that the tests were written against; 240 MB, so it is no dependency but installed when it is asked for. */
const version = "2.1.330";
const root = fileURLToPath(new URL("../", import.meta.url));
const folder = join(root, "node_modules/.cache/claude-code", version);
const name = `@anthropic-ai/claude-code-${process.platform}-${process.arch}`;
const binary = join(folder, "node_modules", name, process.platform === "win32" ? "claude.exe" : "claude");

const problem = install();
if (problem === undefined) {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const env = { ...process.env, SAVEPOINT_E2E_CLAUDE: binary };
  const run = spawnSync(process.execPath, [vitest, "run", "test/e2e"], { cwd: root, env, stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} else {
  process.stdout.write(`skipped: Claude Code ${version} cannot be installed here: ${problem}\n`);
}

/** @returns why it is not there */
function install(): string | undefined {
  if (existsSync(binary)) return undefined;
  mkdirSync(folder, { recursive: true });
  const args = ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", `${name}@${version}`];
  const npm = spawnSync("npm", args, { encoding: "utf8", shell: process.platform === "win32", timeout: 600_000 });
  if (npm.status === 0 && existsSync(binary)) return undefined;
  const said = (npm.error?.message ?? npm.stderr).trim().split("\n");
  return said.find((line) => line.startsWith("npm error")) ?? said.at(-1) ?? "npm said nothing";
}
