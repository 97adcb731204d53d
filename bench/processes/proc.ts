import { readFileSync } from "node:fs";

/** Of a second; Linux tells the time of processes in these, whatever the kernel counts in. */
const tickMs = 10;

/** Memory of a process that is in RAM, in MiB. */
export function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes) / 1_024;
}

/** What a process has used of one core since it began, all threads and the system's work for it included. */
export function cpuMs(pid: number): number {
  // The name of the process, in parentheses, may hold spaces.
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`${path} cannot be read: this measure needs Linux; choose others with --only`, { cause });
  }
}
