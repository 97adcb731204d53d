import { createSecretKey, type KeyObject } from "node:crypto";
import type { Settings } from "../store/settings.ts";
import { dataKeySetting, openDataKey } from "./data-key.ts";
import type { KeyPlace } from "./key-place.ts";
import { deriveKeys, type ProjectKeys } from "./keys.ts";
import { readMasterKeys } from "./master-key.ts";
import { openWrappedKey, type WrappedKey } from "./wrapped-key.ts";

/** The key that a rotation gave the secrets; before the first one they have that which the data key leads to. */
export const secretsKeySetting: WrappedKey = { setting: "secrets_key", purpose: "savepoint secrets key" };

/** The project's keys, opened when they are first needed: a process that only reads must open without them. */
export function openProjectKeys(settings: () => Settings, place: KeyPlace): () => ProjectKeys {
  let opened: ProjectKeys | undefined;
  /** The wrapped key while it may still be lost with the transaction in which it was made. */
  let made: { wrapped: string | undefined; isOver: boolean } | undefined;
  return () => {
    const onRecord = () => settings().get(dataKeySetting.setting);
    if (made !== undefined) {
      if (onRecord() !== made.wrapped) opened = undefined;
      if (made.isOver) made = undefined;
    }
    if (opened !== undefined) return opened;
    const isNew = onRecord() === undefined;
    opened = open(settings(), place);
    made = isNew ? provisional(onRecord()) : undefined;
    return opened;
  };
}

/** Transactions end in the turn of the event loop in which they began: what is on the record after it stays. */
function provisional(wrapped: string | undefined): { wrapped: string | undefined; isOver: boolean } {
  const made = { wrapped, isOver: false };
  setImmediate(() => {
    made.isOver = true;
  }).unref();
  return made;
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
