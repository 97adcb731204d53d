import { join } from "node:path";
import { type Keychain, systemKeychain } from "./keychain.ts";

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

/** What keychains know the current master key by. */
export const keychainAccount = "master-key";

export function keychainOf({ keychain = systemKeychain() }: KeyPlace): Keychain {
  return keychain;
}

export function masterKeyPath({ folder }: KeyPlace): string {
  return join(folder, "master.key");
}
