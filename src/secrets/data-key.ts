import { createCipheriv, createDecipheriv, createHmac, createSecretKey, randomBytes } from "node:crypto";
import { UserError } from "../core/errors.ts";
import type { Settings } from "../store/settings.ts";

const setting = "data_key";
const associated = Buffer.from("savepoint data key");

/**
 * The project's own random key, kept wrapped by the user's master key, so that a rotation of the master key changes
 * no hash that is on the record.
 * @param masterKey asked for once; `create` says whether a new one may be made
 * @throws UserError `unavailable` when the master key is not the one that wrapped it
 */
export function openDataKey(settings: Settings, masterKey: (create: boolean) => Buffer): Buffer {
  const wrapped = settings.get(setting);
  if (wrapped !== undefined) return unwrap(wrapped, masterKey(false));
  const key = masterKey(true);
  // Another process may have been first: what is on the record holds.
  return unwrap(settings.getOrSet(setting, wrap(randomBytes(32), key)), key);
}

/** A keyed hash of encoded arguments: equal for equal ones, and of no use to who has only the database. */
export function argumentHasher(dataKey: Buffer): (encoded: string) => string {
  // Given bytes, Node makes a key object of them at every call, which costs eight times as much as the hash.
  const key = createSecretKey(dataKey);
  return (encoded) => createHmac("sha256", key).update(encoded).digest("base64url").slice(0, 22);
}

function wrap(dataKey: Buffer, masterKey: Buffer): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", masterKey, nonce).setAAD(associated);
  const sealed = Buffer.concat([cipher.update(dataKey), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
}

function unwrap(wrapped: string, masterKey: Buffer): Buffer {
  const bytes = Buffer.from(wrapped, "base64");
  try {
    const decipher = createDecipheriv("aes-256-gcm", masterKey, bytes.subarray(0, 12)).setAAD(associated);
    decipher.setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
  } catch (error) {
    throw new UserError("unavailable", "the master key is not the one that this project was sealed with", {
      hint: "Restore master.key of the user who made the project, or set SAVEPOINT_MASTER_KEY to that key.",
      cause: error,
    });
  }
}
