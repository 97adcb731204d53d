import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { messageOf } from "../core/errors.ts";
import { ModelError } from "../core/model-error.ts";

const prefix = "savepoint-agent-";
/** The path of a Unix socket may have about 100 bytes. */
const longestBase = 60;

/** A path for the files of one run; it is put on the record before anything is there. */
export function temporaryPath(): string {
  return join(base(), `${prefix}${randomUUID().slice(0, 13)}`);
}

/** Only this user can look into it. @throws ModelError, also where anybody else was there first */
export function makeTemporaryFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    throw new ModelError("no_temporary_folder", `the agent's files cannot be put anywhere: ${messageOf(error)}`, {
      hint: `Where the worker runs, temporary files belong in ${dirname(path)}: make it a folder that can be written to, or set TMPDIR to one.`,
      cause: error,
    });
  }
}

export function removeTemporaryFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

/** Removes the folder of a run that a crash kept from doing so, where what was remembered is the name of one. */
export function removeRememberedFolder(path: unknown): void {
  if (typeof path !== "string" || dirname(path) !== base() || !basename(path).startsWith(prefix)) return;
  removeTemporaryFolder(path);
}

function base(): string {
  const folder = tmpdir();
  return process.platform !== "win32" && Buffer.byteLength(folder) > longestBase ? "/tmp" : folder;
}
