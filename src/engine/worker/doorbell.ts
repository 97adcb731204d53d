import { closeSync, openSync, utimesSync, watch } from "node:fs";
import { join } from "node:path";

/** A file whose times tell other processes to look now; where the system does not pass that on, their polls do. */
const fileOf = (folder: string) => join(folder, "doorbell");

export function ringDoorbell(folder: string): void {
  const now = new Date();
  try {
    utimesSync(fileOf(folder), now, now);
  } catch {
    // Nobody has ever listened, or the disk is read-only.
  }
}

/** Calls back when another process rings; answers what ends that. */
export function listenAtDoor(folder: string, onRing: () => void): () => void {
  try {
    closeSync(openSync(fileOf(folder), "a", 0o600));
    const watcher = watch(fileOf(folder), { persistent: false }, onRing);
    watcher.on("error", () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}
