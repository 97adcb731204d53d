import { createSecretKey, type KeyObject } from "node:crypto";
import type { Settings } from "../store/settings.ts";
import { openDataKey } from "./data-key.ts";
import type { KeyPlace } from "./key-place.ts";
import { deriveKeys, type ProjectKeys } from "./keys.ts";
import { readMasterKeys } from "./master-key.ts";
import { openWrappedKey, type WrappedKey } from "./wrapped-key.ts";

/** The key that a rotation gave the secrets; before the first one they have that which the data key leads to. */
export const secretsKeySetting: WrappedKey = { setting: "secrets_key", purpose: "savepoint secrets key" };

/** The project's keys, opened when they are first needed: a process that only reads must open without them. */
export function openProjectKeys(settings: () => Settings, place: KeyPlace): () => ProjectKeys {
  let opened: ProjectKeys | undefined;
  return () => {
    opened ??= open(settings(), place);
    return opened;
  };
}

function open(settings: Settings, place: KeyPlace): ProjectKeys {
  const options = { settings, onProblem: place.onProblem };
  const derived = deriveKeys(openDataKey(options, (create) => readMasterKeys(place, create)));
  let known: { wrapped: string; key: KeyObject } | undefined;
  /** By the text on the record, so that what another process has replaced is noticed at the next use. */
  const replaced = (wrapped: string): KeyObject => {
    if (known?.wrapped === wrapped) return known.key;
    // The text was read first: the master key that sealed it has been in its place since before it was written.
    const masterKeys = readMasterKeys(place, false);
    const key = openWrappedKey(wrapped, secretsKeySetting, { ...options, masterKeys });
    known = { wrapped, key: createSecretKey(key) };
    return known.key;
  };
  // At once, so that a project that has been opened depends on no older master key any more.
  const wrappedNow = settings.get(secretsKeySetting.setting);
  if (wrappedNow !== undefined) replaced(wrappedNow);
  return {
    ...derived,
    withSecretsKey<T>(use: (key: KeyObject) => T): T {
      for (;;) {
        const wrapped = settings.get(secretsKeySetting.setting);
        try {
          return wrapped === undefined ? derived.withSecretsKey(use) : use(replaced(wrapped));
        } catch (error) {
          // A rotation came between the key and what was to be opened with it.
          if (settings.get(secretsKeySetting.setting) === wrapped) throw error;
        }
      }
    },
  };
}
