import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plan } from "./plan.ts";

const entry = fileURLToPath(new URL("./child.ts", import.meta.url));
const longestMs = 60_000;

/** Lets one child process live its plan. @returns whether it was killed @throws Error when it failed otherwise */
export async function live(plan: Plan, killAfterMs?: number): Promise<{ wasKilled: boolean }> {
  const child = spawnLife(plan);
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const isLate = setTimeout(() => child.kill("SIGABRT"), longestMs);
  const exit = once(child, "exit");
  if (killAfterMs !== undefined) killLater(child, killAfterMs);
  await exit;
  clearTimeout(isLate);
  if (child.signalCode === "SIGKILL") return { wasKilled: true };
  if (child.exitCode === 0) return { wasKilled: false };
  throw new Error(`process ${plan.deaths} ended with ${child.signalCode ?? child.exitCode}: ${said.slice(-2_000)}`);
}

export function spawnLife(plan: Plan): ChildProcess {
  return spawn(process.execPath, [entry, JSON.stringify(plan)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  });
}

/** Compiled code outlives the many short processes. */
export const compileCache = process.env["NODE_COMPILE_CACHE"] ?? join(tmpdir(), "savepoint-crash-compile-cache");

function killLater(child: ChildProcess, ms: number): void {
  child.stdout?.once("data", () => {
    const timer = setTimeout(() => child.kill("SIGKILL"), ms);
    child.once("exit", () => clearTimeout(timer));
  });
}
