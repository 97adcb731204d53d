import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf, UserError } from "../core/errors.ts";
import { createOwnerFile } from "../core/owner-file.ts";
import { syncFolder } from "../core/whole-file.ts";

export const keyBytes = 32;

/** Undefined where there is no such file. @throws UserError `unavailable` when it holds no key */
export function readKeyFile(path: string, onProblem?: (message: string) => void): Buffer | undefined {
  const text = readOwnFile(path, onProblem);
  return text === undefined ? undefined : parseKey(text, path);
}

/** A text that only its owner may read; that is mended, and told, where it is not so. */
export function readOwnFile(path: string, onProblem?: (message: string) => void): string | undefined {
  try {
    const text = readFileSync(path, "utf8").trim();
    if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
      chmodSync(path, 0o600);
      onProblem?.(`${path} could be read by others; now it cannot. Consider what it has sealed as known to them.`);
    }
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Makes the file unless there is one; when this returns it is on the disk, whole. */
export function createKeyFile(path: string, text: string): void {
  writing(path, () => createOwnerFile(path, `${text}\n`));
}

/** Puts the text into the place of what the file holds, in one step. */
export function replaceKeyFile(path: string, text: string): void {
  const next = `${path}.${randomUUID()}`;
  writing(path, () => {
    createOwnerFile(next, `${text}\n`);
    renameSync(next, path);
  });
}

export function textOfKey(key: Buffer): string {
  return key.toString("base64");
}

/** @throws UserError `unavailable` */
export function parseKey(text: string, where: string): Buffer {
  const key = Buffer.from(text.trim(), "base64");
  if (key.length === keyBytes) return key;
  throw new UserError("unavailable", `${where} holds no key: ${keyBytes} bytes in base64 are needed`, {
    hint: "Make one with: node -e \"console.log(require('crypto').randomBytes(32).toString('base64'))\"",
  });
}

function writing(path: string, write: () => void): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    write();
    syncFolder(dirname(path));
  } catch (error) {
    throw new UserError("unavailable", `the master key cannot be kept in ${path}: ${messageOf(error)}`, {
      hint: "Make the folder writable, name another with SAVEPOINT_CONFIG_HOME, or set SAVEPOINT_MASTER_KEY.",
      cause: error,
    });
  }
}
