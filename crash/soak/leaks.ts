import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** What a closed project's state folder may hold, as paths in it. */
const known = [
  /^savepoint\.db$/,
  /^\.gitignore$/,
  /^doorbell$/,
  /^logs(\/worker\.log)?$/,
  /^blobs(\/[0-9a-f]{2})?(\/[0-9a-f]{64})?$/,
  /^versions(\/[^/]*[0-9a-f]{64}[^/]*)*$/,
];

/** Files of the state folder that nobody knows of: left over from something that was cut off. */
export function strayFiles(stateFolder: string): string[] {
  const files = readdirSync(stateFolder, { recursive: true, encoding: "utf8" });
  return files.filter((file) => !known.some((pattern) => pattern.test(file)));
}

/** Processes that name this folder in their command line. */
export function processesOf(root: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => quietly(() => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(root)) === true)
    .map(Number);
}

/** Sockets that this process has open, pipes to its children aside. */
export function openPorts(): number {
  const inodes = new Set(
    ["tcp", "tcp6"].flatMap((protocol) => {
      const lines = readFileSync(`/proc/net/${protocol}`, "utf8").trim().split("\n").slice(1);
      return lines.map((line) => `socket:[${line.trim().split(/\s+/)[9]}]`);
    }),
  );
  const own = readdirSync("/proc/self/fd").map((fd) => quietly(() => readlinkSync(join("/proc/self/fd", fd))));
  return own.filter((link) => link !== undefined && inodes.has(link)).length;
}

/** Undefined for what is gone by the time it is looked at. */
function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
