import { mapTexts } from "../core/texts.ts";
import type { Protection } from "../store/protection.ts";
import type { SecretsTable } from "../store/secrets.ts";
import { openText, type ProjectKeys, sealText } from "./keys.ts";
import { type KnownValue, Scrubber } from "./scrubber.ts";
import { openValues } from "./values.ts";

const sealedPayload = "payload";
/** Stands for every text while it cannot be told what is secret in it. */
const withheld = "[withheld: the project's secrets cannot be opened]";

/**
 * Keeps every value that the store has ever known, and those `beside`, out of what is written and shown. Whether another process has added
 * one is looked up once in a turn of the event loop: at every use it took a tenth of the engine's time.
 */
export function guardSecrets(
  secrets: SecretsTable,
  keys: () => ProjectKeys,
  beside: readonly KnownValue[] = [],
): Protection {
  let known: { revision: number; scrubber: Scrubber | undefined } = {
    revision: 0,
    scrubber: beside.length === 0 ? undefined : new Scrubber(beside),
  };
  let isFresh = false;
  const scrubber = (): Scrubber | undefined => {
    if (isFresh) return known.scrubber;
    const revision = secrets.revision();
    if (revision !== known.revision)
      known = { revision, scrubber: new Scrubber([...knownValues(secrets, keys()), ...beside]) };
    isFresh = true;
    setImmediate(() => {
      isFresh = false;
    }).unref();
    return known.scrubber;
  };
  /** Undefined where there are no secrets; null where there are some that cannot be opened. */
  const scrubberIfAny = (): Scrubber | undefined | null => {
    try {
      return scrubber();
    } catch {
      // Whoever must not go on without it asks `refresh`, which throws.
      return known.scrubber ?? null;
    }
  };
  const redact = (text: string) => {
    const found = scrubberIfAny();
    return found === null ? withheld : (found?.redact(text) ?? text);
  };
  return {
    seal: (text) => (scrubber()?.holds(text) === true ? sealText(keys().payloads, text, sealedPayload) : undefined),
    open: (sealed) => openText(keys().payloads, sealed, sealedPayload),
    refresh() {
      isFresh = false;
      scrubber();
    },
    redact,
    redactValue<T>(value: T): T {
      const found = scrubberIfAny();
      return found === undefined ? value : (mapTexts(value, redact) as T);
    },
  };
}

function knownValues(secrets: SecretsTable, { withSecretsKey }: ProjectKeys): KnownValue[] {
  return withSecretsKey((sealedBy) =>
    secrets.everKnown().flatMap((secret) => {
      const values = Object.entries(openValues(sealedBy, secret));
      return values.map(([key, value]) => ({ label: `${secret.name}.${key}`, value }));
    }),
  );
}
