import { chmodSync, copyFileSync, fstatSync, ftruncateSync, statSync, writeSync } from "node:fs";

/**
 * Where a process finds its log. The first descriptor after the standard streams is a detached worker's; that of a
 * process which runs one execution is its lifeline until it begins.
 */
export const logDescriptors = { detached: 3, foreground: 2, isolated: 4 } as const;
const mostBytes = 5 * 1024 * 1024;
const repeatAfterMs = 60_000;

/**
 * Writes a worker's lines, past whatever user code does to the streams. Where that is the project's log file, it begins
 * anew at 5 MB, and one old file is kept.
 * @param path of the file that the descriptor leads to
 */
export function openWorkerLog(descriptor: number, path: string | undefined): (message: string) => void {
  let last = { message: "", at: 0 };
  let linesUntilLook = 0;
  return (message) => {
    const now = Date.now();
    // What goes wrong every other second, such as a full disk, is said once a minute.
    if (message === last.message && now - last.at < repeatAfterMs) return;
    last = { message, at: now };
    try {
      if (path !== undefined && linesUntilLook-- <= 0) {
        rotate(descriptor, path);
        linesUntilLook = 100;
      }
      writeSync(descriptor, `${new Date(now).toISOString()} worker ${process.pid}: ${message.slice(0, 16_000)}\n`);
    } catch {
      // The disk is full or the terminal is gone: that must not end the worker.
    }
  };
}

/** The descriptor stays, since every process that writes here appends to it. */
function rotate(descriptor: number, path: string): void {
  const open = fstatSync(descriptor);
  if (!open.isFile() || open.size <= mostBytes || statSync(path).ino !== open.ino) return;
  copyFileSync(path, `${path}.1`);
  chmodSync(`${path}.1`, 0o600);
  ftruncateSync(descriptor, 0);
}
