import { messageOf, UserError } from "../core/errors.ts";
import type { Settings } from "../store/settings.ts";
import type { MasterKeys } from "./master-key.ts";
import { unwrapKey, wrapKey } from "./wrapping.ts";

/** A key of the project, kept among its settings under the user's master key. */
export interface WrappedKey {
  readonly setting: string;
  readonly purpose: string;
}

export interface OpeningOptions {
  settings: Settings;
  masterKeys: MasterKeys;
  /** Told what goes wrong beside the opening. */
  onProblem?: ((message: string) => void) | undefined;
}

/**
 * Opens what was read from the settings. One that an older master key sealed is sealed with today's: whoever opens the
 * project first after a rotation does it.
 * @throws UserError `unavailable` when it is none of the user's master keys that sealed it
 */
export function openWrappedKey(
  wrapped: string,
  { setting, purpose }: WrappedKey,
  { settings, masterKeys, onProblem }: OpeningOptions,
): Buffer {
  const { current } = masterKeys;
  const key = unwrapKey(wrapped, current, purpose);
  if (key !== undefined) return key;
  for (const by of masterKeys.older()) {
    const found = unwrapKey(wrapped, by, purpose);
    if (found === undefined) continue;
    try {
      settings.replace(setting, wrapped, wrapKey(found, current, purpose));
    } catch (error) {
      onProblem?.(`the project is still sealed with an older master key (${messageOf(error)})`);
    }
    return found;
  }
  throw new UserError("unavailable", "the master key is not the one that this project was sealed with", {
    hint: adviceFor((by) => unwrapKey(wrapped, by, purpose) !== undefined, masterKeys),
  });
}

function adviceFor(opens: (key: Buffer) => boolean, { behind }: MasterKeys): string {
  const fitting = behind?.().find(({ key }) => opens(key));
  if (fitting !== undefined) return `Unset SAVEPOINT_MASTER_KEY: the key in ${fitting.where} opens it.`;
  return behind === undefined
    ? "Restore master.key of the user who made the project, or set SAVEPOINT_MASTER_KEY to that key."
    : "Set SAVEPOINT_MASTER_KEY to the key that it was sealed with, or unset it and restore master.key of the user who made the project.";
}
