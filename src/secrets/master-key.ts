import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf, UserError } from "../core/errors.ts";
import { createOwnerFile } from "../core/owner-file.ts";
import { type Keychain, systemKeychain } from "./keychain.ts";

const keyBytes = 32;

/** Where a user's master key may be. */
export interface KeyPlace {
  /** The user's configuration folder. */
  folder: string;
  env: NodeJS.ProcessEnv;
  /** Where a new key goes, and where it is looked for first. */
  keyStore: "file" | "keychain";
  keychain?: Keychain | undefined;
  onProblem?: ((message: string) => void) | undefined;
}

/**
 * The user's master key: `SAVEPOINT_MASTER_KEY` (32 bytes in base64), else that of the keychain where the project asks
 * for it, else a key file of mode 0600 in the user's configuration folder. It is made when it is first needed.
 * @param create whether a missing key may be made: a project that was sealed with a lost key must not get a new one
 * @throws UserError `unavailable` when the key is missing or malformed
 */
export function readMasterKey(place: KeyPlace, create: boolean): Buffer {
  const given = place.env["SAVEPOINT_MASTER_KEY"];
  if (given !== undefined && given !== "") return parseKey(given, "SAVEPOINT_MASTER_KEY");
  const path = join(place.folder, "master.key");
  const found = readKeychain(place) ?? readKeyFile(path, place.onProblem);
  if (found !== undefined) return found;
  const made = create ? (createInKeychain(place, path) ?? createKeyFile(path)) : undefined;
  if (made !== undefined) return made;
  throw new UserError("unavailable", "the master key that this project was sealed with is missing", {
    hint: `Restore ${path} from a backup, or set SAVEPOINT_MASTER_KEY to the key.`,
  });
}

function readKeychain({ keyStore, keychain = systemKeychain() }: KeyPlace): Buffer | undefined {
  const text = keyStore === "keychain" ? keychain.get() : undefined;
  return text === undefined ? undefined : parseKey(text, "the keychain");
}

/**
 * Undefined where the keychain cannot be used, as on most machines without a screen. A keychain overwrites without a
 * word, so a file beside it decides which of several processes makes the key: who comes later finds either that file
 * or the key.
 */
function createInKeychain(place: KeyPlace, path: string): Buffer | undefined {
  const { keyStore, keychain = systemKeychain(), onProblem } = place;
  if (keyStore === "file") return undefined;
  const pending = `${path}.pending`;
  const key = createKeyFile(pending);
  try {
    const before = readKeychain(place);
    if (before === undefined && key !== undefined) keychain.set(key.toString("base64"));
    return before ?? readKeychain(place);
  } catch (error) {
    onProblem?.(`the keychain cannot be used (${messageOf(error)}): the master key is kept in ${path}`);
    return undefined;
  } finally {
    rmSync(pending, { force: true });
  }
}

function readKeyFile(path: string, onProblem?: (message: string) => void): Buffer | undefined {
  try {
    const key = parseKey(readFileSync(path, "utf8"), path);
    if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) {
      chmodSync(path, 0o600);
      onProblem?.(`${path} could be read by others; now it cannot. Consider what it has sealed as known to them.`);
    }
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function createKeyFile(path: string): Buffer | undefined {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    createOwnerFile(path, `${randomBytes(keyBytes).toString("base64")}\n`);
  } catch (error) {
    throw new UserError("unavailable", `the master key cannot be kept in ${path}: ${messageOf(error)}`, {
      hint: "Make the folder writable, name another with SAVEPOINT_CONFIG_HOME, or set SAVEPOINT_MASTER_KEY.",
      cause: error,
    });
  }
  return readKeyFile(path);
}

function parseKey(text: string, where: string): Buffer {
  const key = Buffer.from(text.trim(), "base64");
  if (key.length === keyBytes) return key;
  throw new UserError("unavailable", `${where} holds no key: 32 bytes in base64 are needed`, {
    hint: "Make one with: node -e \"console.log(require('crypto').randomBytes(32).toString('base64'))\"",
  });
}
