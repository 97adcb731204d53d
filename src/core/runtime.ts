// Parsed by whatever Node.js the user has: builtins that Node 14 knows, no syntax newer than that, no other imports.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";

const MINIMUM = { major: 22, minor: 18 };
const HANDED_OVER = "SAVEPOINT_HANDED_OVER";

/**
 * Must be awaited before anything else is imported: better-sqlite3 crashes a process that runs on an old Node.js.
 * True: go on here. False: the command ran on the checkout's own Node.js, or was refused; `process.exitCode` is set.
 */
export async function ensureRuntime(): Promise<boolean> {
  const handedOver = process.env[HANDED_OVER] !== undefined;
  // What this process starts may meet an old Node.js of its own and must be free to hand over again.
  delete process.env[HANDED_OVER];
  if (isSupported(process.versions.node)) {
    if (handedOver) endWithWrapper();
    return true;
  }
  const runtime = handedOver ? undefined : checkoutRuntime();
  if (runtime === undefined || !(await handOver(runtime))) refuse();
  return false;
}

/** Whether Savepoint runs on this Node.js, given as `24.1.0` or `v24.1.0`. */
export function isSupported(version: string): boolean {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  if (major === undefined || minor === undefined) return false;
  return major > MINIMUM.major || (major === MINIMUM.major && minor >= MINIMUM.minor);
}

/** Whether the module at `url` is what the user started, as opposed to imported. */
export function isEntry(url: string): boolean {
  const started = process.argv[1];
  if (started === undefined) return false;
  try {
    // `resolve` follows symbolic links and supplies a missing extension, as Node.js did when it was started.
    return createRequire(url).resolve(started) === fileURLToPath(url);
  } catch {
    return false;
  }
}

/** The version of Savepoint itself. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return String(version);
}

/** The Node.js that `npm install` puts into a checkout; a package installed from the registry has none. */
function checkoutRuntime(): string | undefined {
  const file = process.platform === "win32" ? "node.exe" : "node";
  const path = fileURLToPath(new URL(`../../node_modules/node/bin/${file}`, import.meta.url));
  if (!existsSync(path)) return undefined;
  const answer = spawnSync(path, ["--version"], { encoding: "utf8", timeout: 10_000, windowsHide: true });
  return answer.status === 0 && isSupported(answer.stdout.trim()) ? path : undefined;
}

/** Runs this very command on another Node.js and ends as it ends; false when that could not be started. */
function handOver(runtime: string): Promise<boolean> {
  const child = spawn(runtime, [...process.execArgv, ...process.argv.slice(1)], {
    env: { ...process.env, [HANDED_OVER]: "1" },
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    windowsHide: true,
  });
  const stopForwarding = forwardSignals((signal) => child.kill(signal));
  return new Promise((resolve) => {
    child.once("error", () => {
      stopForwarding();
      resolve(false);
    });
    child.once("exit", (code, signal) => {
      stopForwarding();
      resolve(true);
      if (signal === null) process.exitCode = code ?? 1;
      else process.kill(process.pid, signal);
    });
  });
}

function forwardSignals(forward: (signal: NodeJS.Signals) => void): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    // Ctrl-C in a terminal reaches the child by itself, and a second one would mean "at once".
    if (signal === "SIGINT" && isatty(0)) return;
    forward(signal);
  };
  const signals: NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
}

/** Without this, killing the wrapper would leave a server behind that still reads the client's stdin. */
function endWithWrapper(): void {
  const end = (): boolean => process.kill(process.pid, "SIGTERM");
  // The wrapper may have died while this process was starting.
  if (process.connected === false) end();
  process.once("disconnect", end);
  if (process.channel) process.channel.unref();
}

function refuse(): void {
  const needed = `${MINIMUM.major}.${MINIMUM.minor}`;
  process.stderr.write(
    `savepoint needs Node.js ${needed} or newer; this is ${process.versions.node} (${process.execPath}). ` +
      "Install it from nodejs.org or with your version manager, then run the command again.\n",
  );
  process.exitCode = 1;
}
