import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import type { MasterKeys } from "./master-key.ts";
import { type OpeningOptions, openWrappedKey, type WrappedKey } from "./wrapped-key.ts";
import { wrapKey } from "./wrapping.ts";

export const dataKeySetting: WrappedKey = { setting: "data_key", purpose: "savepoint data key" };

/**
 * The project's own random key, kept wrapped by the user's master key, so that a rotation changes no hash that is on
 * the record.
 * @param masterKeysFor asked for once; `create` says whether a new one may be made
 * @throws UserError `unavailable` when the master key is not the one that wrapped it
 */
export function openDataKey(
  { settings, onProblem }: Omit<OpeningOptions, "masterKeys">,
  masterKeysFor: (create: boolean) => MasterKeys,
): Buffer {
  const { setting, purpose } = dataKeySetting;
  const wrapped = settings.get(setting);
  const masterKeys = masterKeysFor(wrapped === undefined);
  // Another process may have been first: what is on the record holds.
  const held = wrapped ?? settings.getOrSet(setting, wrapKey(randomBytes(32), masterKeys.current, purpose));
  return openWrappedKey(held, dataKeySetting, { settings, masterKeys, onProblem });
}

/** A keyed hash of encoded arguments: equal for equal ones, and of no use to who has only the database. */
export function argumentHasher(dataKey: Buffer): (encoded: string) => string {
  // Given bytes, Node makes a key object of them at every call, which costs eight times as much as the hash.
  const key = createSecretKey(dataKey);
  return (encoded) => createHmac("sha256", key).update(encoded).digest("base64url").slice(0, 22);
}
