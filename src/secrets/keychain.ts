import { createRequire } from "node:module";
import type { Entry } from "@napi-rs/keyring";

const service = "savepoint";
const account = "master-key";

/** The operating system's store of passwords. */
export interface Keychain {
  /** Undefined: it holds no key, or cannot be asked here. */
  get(): string | undefined;
  /** @throws where there is no keychain, or it may not be used */
  set(value: string): void;
}

/** The keychain by way of an optional package, which is loaded only where a project asks for it. */
export function systemKeychain(): Keychain {
  return {
    get() {
      try {
        return openEntry().getPassword() ?? undefined;
      } catch {
        // A machine without a keychain has no key in it; the caller goes on with the key file.
        return undefined;
      }
    },
    set: (value) => openEntry().setPassword(value),
  };
}

/** On Linux only the Secret Service: the package's silent fallback, the kernel's keyring, forgets with a reboot. */
function openEntry(): Entry {
  const load = createRequire(import.meta.url);
  const { Entry } = load("@napi-rs/keyring") as typeof import("@napi-rs/keyring");
  return new Entry(service, account, { linux: { store: "secret-service" } });
}
