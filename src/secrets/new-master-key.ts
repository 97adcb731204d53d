import { randomBytes } from "node:crypto";
import { messageOf, UserError } from "../core/errors.ts";
import { keyBytes, parseKey, replaceKeyFile, textOfKey } from "./key-file.ts";
import { type KeyPlace, keychainAccount, keychainOf, masterKeyPath } from "./key-place.ts";
import { givenKeys, readKeychain, readMasterKeys } from "./master-key.ts";
import { keepKey } from "./older-keys.ts";

/** Where another master key comes from. */
export type NewMasterKey = { from: "made" } | { from: "variable"; name: string };

const howToMakeOne = [
  "Make a key with: node -e \"console.log(require('crypto').randomBytes(32).toString('base64'))\".",
  "Put it into a variable such as NEW_KEY and call `savepoint secrets rotate --new-master-key-from-env NEW_KEY`.",
  "Then set SAVEPOINT_MASTER_KEY to NEW,OLD wherever Savepoint runs, and restart it: the old key opens the projects that were not opened since.",
].join(" ");

/**
 * Puts another master key into the place of today's. Both are kept under names of their own first, so that of two
 * processes that do this at once neither loses the other's.
 * @throws UserError when the environment gives the master key and no variable is named, or the other way round
 */
export function newMasterKey(place: KeyPlace, source: NewMasterKey): Buffer {
  const given = givenKeys(place);
  if (source.from === "variable") return keyFromVariable(place, source.name, given);
  if (given.length > 0) throw givenByEnvironment();
  const { current } = readMasterKeys(place, false);
  const next = randomBytes(keyBytes);
  const where = readKeychain(place) === undefined ? "file" : "keychain";
  keepKey(place, current, where);
  keepKey(place, next, where);
  if (where === "file") replaceKeyFile(masterKeyPath(place), textOfKey(next));
  else putIntoKeychain(place, next);
  return next;
}

/** Savepoint cannot change an environment: who does must have both keys in hand. */
function keyFromVariable({ env }: KeyPlace, name: string, given: readonly Buffer[]): Buffer {
  if (given.length === 0) {
    throw new UserError("invalid_input", "the master key is not given by the environment here", {
      hint: "Leave --new-master-key-from-env out: `savepoint secrets rotate --master` makes a new key where the old one is kept.",
    });
  }
  const text = env[name] ?? "";
  if (text === "") {
    throw new UserError("not_found", `the environment has no ${name}`, { hint: howToMakeOne });
  }
  const key = parseKey(text, name);
  if (given[0]?.equals(key) === true) {
    throw new UserError("invalid_input", `${name} holds the master key that is in use already`, {
      hint: "`savepoint secrets rotate` alone gives the secrets a new key. For another master key, put a new one into the variable.",
    });
  }
  return key;
}

function givenByEnvironment(): UserError {
  return new UserError(
    "unsupported",
    "the master key is given by SAVEPOINT_MASTER_KEY, which cannot be changed from here",
    {
      hint: howToMakeOne,
    },
  );
}

function putIntoKeychain(place: KeyPlace, key: Buffer): void {
  try {
    keychainOf(place).set(keychainAccount, textOfKey(key));
  } catch (error) {
    throw new UserError("unavailable", `the keychain does not take the new master key: ${messageOf(error)}`, {
      hint: "Unlock it and try again. Nothing is sealed with the new key.",
      cause: error,
    });
  }
}
