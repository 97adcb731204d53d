import { readdir, readFile, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Leader } from "./group.ts";
import { isProcessAlive, parentOnLinux, processStart } from "./identity.ts";

/** Variables of an environment: with this value, or with any where it is undefined. */
export type Marks = Readonly<Record<string, string | undefined>>;

/** How long what is asked to end may take: then it is killed. */
const graceMs = 300;
/** How long the dead may take to be gone, and what they started meanwhile to be found. */
const longestDeathMs = 400;
const lookMs = 10;

/**
 * Ends the processes of this user that bear all marks in the environment which they were started with, wherever they
 * went: out of their group, their session, to another parent. Never this process, nor what it descends from.
 * Only Linux tells of environments; elsewhere nothing is found.
 * @returns the processes that would not go
 */
export async function endMarked(marks: Marks): Promise<number[]> {
  if (process.platform !== "linux") return [];
  const spared = lineage();
  const asked = await findMarked(marks, spared);
  for (const one of asked) signal(one, "SIGTERM");
  await untilGone(asked);
  const giveUpAt = performance.now() + longestDeathMs;
  // Again and again: one that was not found yet may have started another.
  let left = await findMarked(marks, spared);
  while (left.length > 0 && performance.now() < giveUpAt) {
    for (const one of left) signal(one, "SIGKILL");
    await sleep(lookMs);
    left = await findMarked(marks, spared);
  }
  return left.map(({ pid }) => pid);
}

/** This process and those above it. */
function lineage(): Set<number> {
  const pids = new Set<number>();
  for (let pid: number | undefined = process.pid; pid !== undefined && !pids.has(pid); pid = parentOnLinux(pid)) {
    pids.add(pid);
  }
  return pids;
}

async function findMarked(marks: Marks, spared: ReadonlySet<number>): Promise<Leader[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const looked = await Promise.all(pids.filter((pid) => !spared.has(pid)).map((pid) => bearer(pid, marks)));
  return looked.filter((one) => one !== undefined);
}

/** The process, where it is one of this user that bears the marks; undefined also where it has just ended. */
async function bearer(pid: number, marks: Marks): Promise<Leader | undefined> {
  try {
    const { uid } = await stat(`/proc/${pid}`);
    if (uid !== process.getuid?.()) return undefined;
    const start = processStart(pid);
    const variables = (await readFile(`/proc/${pid}/environ`, "utf8")).split("\0");
    return start !== null && bearsAll(variables, marks) ? { pid, processStart: start } : undefined;
  } catch {
    return undefined;
  }
}

function bearsAll(variables: readonly string[], marks: Marks): boolean {
  return Object.entries(marks).every(([name, value]) =>
    variables.some((one) => (value === undefined ? one.startsWith(`${name}=`) : one === `${name}=${value}`)),
  );
}

/** Not to another process that has been given its number meanwhile. */
function signal({ pid, processStart: start }: Leader, name: NodeJS.Signals): void {
  if (!isProcessAlive(pid, start)) return;
  try {
    process.kill(pid, name);
  } catch {}
}

async function untilGone(processes: readonly Leader[]): Promise<void> {
  const giveUpAt = performance.now() + graceMs;
  const isAnyLeft = () => processes.some(({ pid, processStart: start }) => isProcessAlive(pid, start));
  while (isAnyLeft() && performance.now() < giveUpAt) await sleep(lookMs);
}
