import { statfsSync } from "node:fs";
import type { App } from "../app.ts";
import type { Execution } from "./app-types.ts";
import { callText } from "./display.ts";

/** Reasons as the worker writes them, `code: message`, and what mends each. */
const remedies: [reason: RegExp, remedy: string][] = [
  [/master[ ._]key/i, "Restore master.key of the user who made the project, or set SAVEPOINT_MASTER_KEY to that key."],
  [/^disk_full/, "Free space on the disk that holds the project."],
  [/^read_only/, "Make the project's .savepoint folder writable."],
  [/^(database_busy|read_error)/, "Find the process that holds .savepoint/savepoint.db, or the disk that fails."],
];
const ofVersion = /^not_found|stored version .* is damaged/;
const missingPackage = /Cannot find package '([^']+)'/;
const unknownCause = "The workers' logs in .savepoint/logs/ tell more.";

/** What to do about the reason for which an execution cannot go on; afterwards it goes on by itself. */
export function remedyOf(reason: string, executionId: string): string {
  const known = remedies.find(([pattern]) => pattern.test(reason));
  if (known !== undefined) return known[1];
  const name = missingPackage.exec(reason)?.[1];
  if (name !== undefined) return `Run \`npm install ${name}\` in the project.`;
  if (!ofVersion.test(reason)) return unknownCause;
  const anew = callText("executions_replay", { execution_id: executionId, code: "current" });
  return `Restore the file in .savepoint/versions, or run it on the code as it is now: ${anew}, and cancel this one.`;
}

/** With less than this SQLite cannot write a transaction. */
const fullBelowBytes = 128 * 1024;

/**
 * Why an execution cannot go on. A disk that is full to the last byte keeps even that from being written, so it is looked
 * at as well.
 */
export function blockedReasonOf(app: App, { status, blockedReason }: Execution): string | null {
  if (blockedReason !== null || (status !== "running" && status !== "queued")) return blockedReason;
  return isDiskFull(app) ? "disk_full: the disk that holds the project is full" : null;
}

/** What the disk of the project has left. @throws the system's error where it does not say */
export function freeBytes({ store }: App): number {
  const { bavail, bsize } = statfsSync(store.folder);
  return bavail * bsize;
}

function isDiskFull(app: App): boolean {
  try {
    return freeBytes(app) < fullBelowBytes;
  } catch {
    // A disk that cannot be looked at is told by `status`; what is on the record can be shown all the same.
    return false;
  }
}

/** Up to three executions that take up the workers, for one that waits for its turn. */
export async function busyWith(app: App, waiting?: string): Promise<string[]> {
  const { items } = await app.listings.executions({ status: "running", limit: 4 });
  const others = items.filter(({ id }) => id !== waiting);
  return others.slice(0, 3).map(({ id, workflow }) => `${id} (${workflow})`);
}
