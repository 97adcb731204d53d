import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

const tmpfs = 0x01021994;

/** A folder that is gone when the process is, however it ends. */
export function temporaryFolder(dir: string): string {
  const folder = mkdtempSync(join(dir, "savepoint-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  return folder;
}

export function warnOfMemoryDisk(dir: string): void {
  if (statfsSync(dir).type !== tmpfs) return;
  console.error(`bench: ${dir} is in memory, where a sync costs nothing; pass --dir with a folder on a disk`);
}
