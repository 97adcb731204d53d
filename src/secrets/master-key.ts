import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { messageOf, UserError } from "../core/errors.ts";
import { createKeyFile, keyBytes, parseKey, readKeyFile, textOfKey } from "./key-file.ts";
import { type KeyPlace, keychainAccount, keychainOf, masterKeyPath } from "./key-place.ts";
import { olderKeys } from "./older-keys.ts";

export interface MasterKeys {
  /** Seals what is written from now on. */
  readonly current: Buffer;
  /** The ones that were current before: they open projects that nobody has opened since. */
  older(): Buffer[];
  /** Those of the keychain and the file, where the environment's stand in front of them. */
  behind?(): { key: Buffer; where: string }[];
}

/**
 * The user's master keys: `SAVEPOINT_MASTER_KEY` (32 bytes in base64; older ones behind a comma), else that of the
 * keychain where the project asks for it, else a key file of mode 0600 in the user's configuration folder. The first
 * one is made when it is needed.
 * @param create whether a missing key may be made: a project that was sealed with a lost key must not get a new one
 * @throws UserError `unavailable` when the key is missing or malformed
 */
export function readMasterKeys(place: KeyPlace, create: boolean): MasterKeys {
  const [given, ...olderGiven] = givenKeys(place);
  if (given !== undefined) return { current: given, older: () => olderGiven, behind: () => keptKeys(place) };
  const path = masterKeyPath(place);
  const found = readKeychain(place) ?? readKeyFile(path, place.onProblem);
  const current = found ?? (create ? (createInKeychain(place, path) ?? createMasterKeyFile(path)) : undefined);
  if (current !== undefined) return { current, older: () => olderKeys(place) };
  throw new UserError("unavailable", "the master key that this project was sealed with is missing", {
    hint: `Restore ${path} from a backup, or set SAVEPOINT_MASTER_KEY to the key.`,
  });
}

/** Those of the environment, the current one first. */
export function givenKeys({ env }: KeyPlace): Buffer[] {
  const given = env["SAVEPOINT_MASTER_KEY"] ?? "";
  return given === "" ? [] : given.split(",").map((text) => parseKey(text, "SAVEPOINT_MASTER_KEY"));
}

/** Undefined where the project asks for a file, or the keychain holds no key. */
export function readKeychain(place: KeyPlace): Buffer | undefined {
  const text = place.keyStore === "keychain" ? keychainOf(place).get(keychainAccount) : undefined;
  return text === undefined ? undefined : parseKey(text, "the keychain");
}

/** Beside the one of the environment: for who is to be told which one would have opened a project. */
function keptKeys(place: KeyPlace): { key: Buffer; where: string }[] {
  const path = masterKeyPath(place);
  const ofKeychain = readKeychain(place);
  const ofFile = readKeyFile(path, place.onProblem);
  return [
    ...(ofKeychain === undefined ? [] : [{ key: ofKeychain, where: "the keychain" }]),
    ...(ofFile === undefined ? [] : [{ key: ofFile, where: path }]),
  ];
}

/**
 * Undefined where the keychain cannot be used, as on most machines without a screen. A keychain overwrites without a
 * word, so a file beside it decides which of several processes makes the key: who comes later finds either that file
 * or the key.
 */
function createInKeychain(place: KeyPlace, path: string): Buffer | undefined {
  const { keyStore, onProblem } = place;
  if (keyStore === "file") return undefined;
  const pending = `${path}.pending`;
  const key = createMasterKeyFile(pending);
  try {
    const before = readKeychain(place);
    if (before === undefined && key !== undefined) keychainOf(place).set(keychainAccount, textOfKey(key));
    return before ?? readKeychain(place);
  } catch (error) {
    onProblem?.(`the keychain cannot be used (${messageOf(error)}): the master key is kept in ${path}`);
    return undefined;
  } finally {
    rmSync(pending, { force: true });
  }
}

function createMasterKeyFile(path: string): Buffer | undefined {
  createKeyFile(path, textOfKey(randomBytes(keyBytes)));
  return readKeyFile(path);
}
