import { createRequire } from "node:module";
import type { Entry } from "@napi-rs/keyring";

const service = "savepoint";

/** The operating system's store of passwords. */
export interface Keychain {
  /** Undefined: it holds no such key, or cannot be asked here. */
  get(account: string): string | undefined;
  /** @throws where there is no keychain, or it may not be used */
  set(account: string, value: string): void;
}

/** The keychain by way of an optional package, which is loaded only where a project asks for it. */
export function systemKeychain(): Keychain {
  return {
    get(account) {
      try {
        return openEntry(account).getPassword() ?? undefined;
      } catch {
        // A machine without a keychain has no key in it; the caller goes on with the key file.
        return undefined;
      }
    },
    set: (account, value) => openEntry(account).setPassword(value),
  };
}

/** On Linux only the Secret Service: the package's silent fallback, the kernel's keyring, forgets with a reboot. */
function openEntry(account: string): Entry {
  const load = createRequire(import.meta.url);
  const { Entry } = load("@napi-rs/keyring") as typeof import("@napi-rs/keyring");
  return new Entry(service, account, { linux: { store: "secret-service" } });
}
