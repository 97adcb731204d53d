import { createSecretKey, randomBytes } from "node:crypto";
import type { Store } from "../store/store.ts";
import { dataKeySetting } from "./data-key.ts";
import { keyBytes } from "./key-file.ts";
import type { KeyPlace } from "./key-place.ts";
import type { ProjectKeys } from "./keys.ts";
import { readMasterKeys } from "./master-key.ts";
import { type NewMasterKey, newMasterKey } from "./new-master-key.ts";
import { secretsKeySetting } from "./project-keys.ts";
import { openValues, sealValues } from "./values.ts";
import { wrapKey } from "./wrapping.ts";

export interface RotationOptions {
  /** The user's master key becomes another one as well. */
  masterKey?: NewMasterKey | undefined;
}

export interface Rotation {
  /** How many were sealed anew, replaced and deleted ones included. */
  secrets: number;
  masterKey: "kept" | "replaced";
  /** Whether other processes kept what the old key opens from being cleared out of the database's log. */
  isLogLeft: boolean;
}

/**
 * Gives the secrets a new key, and the user a new master key where that is wished. A new master key is on the disk,
 * under a name of its own, before anything is sealed with it, and old ones are kept: whenever this is cut off, the
 * project opens with the one or the other.
 * @throws UserError `unavailable` when a secret cannot be opened: then nothing has changed
 */
export function rotateKeys(
  { store, keys, place }: { store: Store; keys: () => ProjectKeys; place: KeyPlace },
  { masterKey }: RotationOptions,
): Rotation {
  const project = keys();
  project.withSecretsKey((key) => store.secrets.everKnown().map((secret) => openValues(key, secret)));
  // A database that cannot be written is noticed before the user's master key becomes another one.
  store.write(() => {});
  const by = masterKey === undefined ? readMasterKeys(place, false).current : newMasterKey(place, masterKey);
  const secrets = store.write(() => {
    const next = randomBytes(keyBytes);
    const resealed = reseal(store, project, next);
    store.settings.set(secretsKeySetting.setting, wrapKey(next, by, secretsKeySetting.purpose));
    if (masterKey !== undefined) {
      store.settings.set(dataKeySetting.setting, wrapKey(project.dataKey, by, dataKeySetting.purpose));
    }
    return resealed;
  });
  const isLogLeft = !store.secrets.emptyLog();
  return { secrets, masterKey: masterKey === undefined ? "kept" : "replaced", isLogLeft };
}

function reseal({ secrets }: Store, { withSecretsKey }: ProjectKeys, next: Buffer): number {
  const nextKey = createSecretKey(next);
  return withSecretsKey((key) =>
    secrets.resealAll((secret) => sealValues(nextKey, secret.name, openValues(key, secret))),
  );
}
