import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, fchmodSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, UserError } from "../core/errors.ts";
import { createOwnerFile } from "../core/owner-file.ts";

const fileName = "token";
const tokenBytes = 32;
/** What RFC 6750 allows in a header; long enough not to be guessed. */
const form = /^[A-Za-z0-9._~+/-]{32,512}={0,2}$/;

export interface Token {
  readonly path: string;
  readonly text: string;
  /** Names whoever holds it, without giving it away. */
  readonly principal: string;
  /** Takes the same time whatever is given. */
  matches(given: string): boolean;
}

/**
 * The project's token, made when it is first asked for.
 * @param stateFolder of the project, which exists
 * @param onNotice told when the file could be read by others, which it no longer can
 * @throws UserError `unavailable` when the file holds no token
 */
export function openToken(stateFolder: string, onNotice: (message: string) => void): Token {
  const path = join(stateFolder, fileName);
  const text = readToken(path, onNotice) ?? createToken(path, onNotice);
  if (text === undefined || !form.test(text)) {
    throw new UserError("unavailable", `${path} holds no token`, {
      hint: "Delete the file: the next start makes a new one. A token of your own has at least 32 letters and digits.",
    });
  }
  const digest = digestOf(text);
  return {
    path,
    text,
    principal: digest.toString("hex"),
    matches: (given) => timingSafeEqual(digestOf(given), digest),
  };
}

function readToken(path: string, onNotice: (message: string) => void): string | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    if (process.platform !== "win32" && (fstatSync(file).mode & 0o077) !== 0) {
      fchmodSync(file, 0o600);
      onNotice(
        `${path} could be read by others; now it cannot. Delete it for a new token if somebody may have read it.`,
      );
    }
    return readFileSync(file, "utf8").trim();
  } finally {
    closeSync(file);
  }
}

function createToken(path: string, onNotice: (message: string) => void): string | undefined {
  try {
    createOwnerFile(path, `${randomBytes(tokenBytes).toString("base64url")}\n`);
  } catch (error) {
    throw new UserError("unavailable", `the token cannot be kept in ${path}: ${messageOf(error)}`, {
      hint: "Make the project's .savepoint folder writable.",
      cause: error,
    });
  }
  return readToken(path, onNotice);
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
