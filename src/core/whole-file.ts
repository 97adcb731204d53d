import { randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

/**
 * Writes a file as a whole: whoever reads it, even after a crash, finds the old content or the new one.
 * @param isNew whether it must not be there yet
 * @returns false where it was to be new and is there
 */
export function writeWhole(path: string, text: string, { isNew }: { isNew: boolean }): boolean {
  const draft = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    writeDraft(draft, text, statSync(path, { throwIfNoEntry: false })?.mode);
    if (isNew && !claimed(draft, path)) return false;
    if (!isNew) renameSync(draft, path);
    syncFolder(dirname(path));
    return true;
  } finally {
    rmSync(draft, { force: true });
  }
}

function writeDraft(path: string, text: string, mode: number | undefined): void {
  const file = openSync(path, "wx");
  try {
    if (mode !== undefined) fchmodSync(file, mode);
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A link, unlike a rename, refuses a name that somebody else took meanwhile; not every file system has links. */
function claimed(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (existsSync(path)) return false;
    const hasNoLinks =
      error instanceof Error && "code" in error && ["EPERM", "ENOTSUP", "ENOSYS"].includes(String(error.code));
    if (!hasNoLinks) throw error;
    renameSync(draft, path);
    return true;
  }
}

/** Makes sure that a power failure takes no name away; Windows cannot open folders, and needs no such call. */
export function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
