import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * What tells a process from a later one with the same pid: the boot and the instant at which it began. Null where the
 * system does not say (Windows): then a living pid counts as the same process.
 */
export function processStart(pid: number): string | null {
  if (process.platform === "linux") return startOnLinux(pid);
  if (process.platform === "win32") return null;
  return startByPs(pid);
}

/** Whether the process that was recorded with this pid and start still runs. */
export function isProcessAlive(pid: number, recordedStart: string | null): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, under another user.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  if (recordedStart === null) return true;
  const start = processStart(pid);
  return start === null ? process.platform !== "linux" : start === recordedStart;
}

/** The process that started this one, or took it over; undefined where nobody can tell. */
export function parentOnLinux(pid: number): number | undefined {
  const parent = Number(statOnLinux(pid)?.[1]);
  return parent > 0 ? parent : undefined;
}

/** A zombie answers signals but runs no more, so its state is read as well. */
function startOnLinux(pid: number): string | null {
  const fields = statOnLinux(pid);
  if (fields === undefined) return null;
  const [state] = fields;
  if (state === "Z" || state === "X") return null;
  return `${bootId()}/${fields[19] ?? ""}`;
}

/** What the system tells of a process, from its state on; undefined where there is no such process. */
function statOnLinux(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name, in parentheses, may hold spaces and parentheses of its own.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

let boot: string | undefined;

function bootId(): string {
  boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return boot;
}

function startByPs(pid: number): string | null {
  try {
    return (
      execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", timeout: 5_000 }).trim() || null
    );
  } catch {
    return null;
  }
}
