import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const open = new Set<string>();

/** However this process ends, short of SIGKILL, its folders go with it. */
export function leaveNothingBehind(): void {
  process.once("exit", () => {
    for (const path of open) remove(path);
  });
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
}

/**
 * A folder that is gone when the work or the process is over; in memory where there is such a disk. What a process has
 * written outlives its death there too, and a sync costs nothing: no power fails here.
 */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const path = mkdtempSync(join(fastest(), "savepoint-crash-"));
  open.add(path);
  try {
    return await work(path);
  } finally {
    remove(path);
    open.delete(path);
  }
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

const memory = "/dev/shm";

function fastest(): string {
  try {
    accessSync(memory, constants.W_OK);
    return memory;
  } catch {
    return tmpdir();
  }
}
