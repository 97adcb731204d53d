import { type Clock, systemClock } from "../core/clock.ts";
import { mapTexts } from "../core/texts.ts";
import type { Protection } from "../store/protection.ts";
import type { Store } from "../store/store.ts";
import { credentialsIn } from "./credentials.ts";
import { openText, type ProjectKeys, sealText } from "./keys.ts";
import { type EnvironmentValue, environmentName, KnownValues } from "./known-values.ts";
import type { Scrubber } from "./scrubber.ts";
import { sealValues } from "./values.ts";

const sealedPayload = "payload";
/** Stands for every text while it cannot be told what is secret in it. */
const withheld = "[withheld: the project's secrets cannot be opened]";

export interface GuardOptions {
  /** Credentials that this process has in its environment. */
  environment?: readonly EnvironmentValue[];
  clock?: Clock;
}

/** Keeps every value that the store has ever known, and those of the environment, out of what is written and shown. */
export function guardSecrets(
  { secrets, write }: Pick<Store, "secrets" | "write">,
  keys: () => ProjectKeys,
  { environment = [], clock = systemClock }: GuardOptions = {},
): Protection {
  const known = new KnownValues(secrets, keys, environment);
  /** Undefined where there are no secrets; null where there are some that cannot be opened. */
  const scrubberIfAny = (): Scrubber | undefined | null => {
    try {
      return known.scrubber();
    } catch {
      // Whoever must not go on without it asks `refresh`, which throws.
      return known.lastScrubber() ?? null;
    }
  };
  const redact = (text: string) => {
    const found = scrubberIfAny();
    return found === null ? withheld : (found?.redact(text) ?? text);
  };
  /** Other processes, which open what is sealed, have another environment: they learn of its values from the store. */
  const store = (project: ProjectKeys, { variable, value }: EnvironmentValue) =>
    project.withSecretsKey((key) =>
      secrets.insertRetired({
        name: environmentName,
        keys: [variable],
        sealed: sealValues(key, environmentName, { [variable]: value }),
        visibility: "private",
        workflows: null,
        createdAt: clock.now(),
      }),
    );
  return {
    seal(text) {
      if (known.scrubber()?.holds(text) !== true) return undefined;
      const project = keys();
      if (known.unstoredIn(text).length > 0) {
        write(() => {
          for (const one of known.unstoredIn(text)) store(project, one);
        });
      }
      return sealText(project.payloads, text, sealedPayload);
    },
    open: (sealed) => openText(keys().payloads, sealed, sealedPayload),
    refresh: () => known.refresh(),
    learn(values) {
      known.learn(
        values.flatMap(({ label: variable, value }) =>
          credentialsIn(variable, value).map((one) => ({ variable, value: one })),
        ),
      );
    },
    redact,
    redactValue<T>(value: T): T {
      const found = scrubberIfAny();
      return found === undefined ? value : (mapTexts(value, redact) as T);
    },
  };
}
