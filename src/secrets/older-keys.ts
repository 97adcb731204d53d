import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createKeyFile, parseKey, readOwnFile, textOfKey } from "./key-file.ts";
import { type KeyPlace, keychainAccount, keychainOf, masterKeyPath } from "./key-place.ts";

const fileForm = /^master\.key\.([0-9a-f]{16})$/;
/** Stands in a file whose key is in the keychain: keychains cannot be listed. */
const inKeychain = "keychain";

/** Every master key that was ever kept under its own name. */
export function olderKeys(place: KeyPlace): Buffer[] {
  const { folder, keyStore, onProblem } = place;
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.flatMap((name) => {
    const id = fileForm.exec(name)?.[1];
    const text = id === undefined ? undefined : readOwnFile(join(folder, name), onProblem);
    if (text !== inKeychain) return text === undefined ? [] : [parseKey(text, join(folder, name))];
    const kept = keyStore === "keychain" ? keychainOf(place).get(`${keychainAccount}.${id}`) : undefined;
    return kept === undefined ? [] : [parseKey(kept, "the keychain")];
  });
}

/** Keeps a key under a name of its own, so that nothing that takes another's place can make it be lost. */
export function keepKey(place: KeyPlace, key: Buffer, where: "file" | "keychain"): void {
  const id = createHash("sha256").update("savepoint master key").update(key).digest("hex").slice(0, 16);
  const path = `${masterKeyPath(place)}.${id}`;
  if (where === "keychain") keychainOf(place).set(`${keychainAccount}.${id}`, textOfKey(key));
  createKeyFile(path, where === "keychain" ? inKeychain : textOfKey(key));
}
