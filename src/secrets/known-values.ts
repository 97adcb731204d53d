import type { SecretsTable } from "../store/secrets.ts";
import type { ProjectKeys } from "./keys.ts";
import { type KnownValue, Scrubber } from "./scrubber.ts";
import { openValues } from "./values.ts";

/** A variable of the environment, as labels and rows of the store name it. */
export interface EnvironmentValue {
  variable: string;
  value: string;
}

/** What rows and labels call the source of values that nobody stored. */
export const environmentName = "environment";

/**
 * Every value that must not be shown: those that the store has ever known, and those of this process's environment.
 * Whether another process has added one is looked up once in a turn of the event loop: at every use it took a tenth of
 * the engine's time.
 */
export class KnownValues {
  readonly #secrets: SecretsTable;
  readonly #keys: () => ProjectKeys;
  #stored: { revision: string | undefined; values: KnownValue[] } = { revision: undefined, values: [] };
  #environment: EnvironmentValue[] = [];
  /** By themselves, each under its own value. */
  #environmentAlone: Scrubber | undefined;
  #all: Scrubber | undefined;
  #isFresh = false;

  constructor(secrets: SecretsTable, keys: () => ProjectKeys, environment: readonly EnvironmentValue[]) {
    this.#secrets = secrets;
    this.#keys = keys;
    this.learn(environment);
  }

  /** Undefined where nothing is known. @throws UserError `unavailable` when secrets cannot be opened */
  scrubber(): Scrubber | undefined {
    if (this.#isFresh) return this.#all;
    this.#read();
    this.#isFresh = true;
    setImmediate(() => {
      this.#isFresh = false;
    }).unref();
    return this.#all;
  }

  /** As it was when the store was last read; undefined where it never could be. */
  lastScrubber(): Scrubber | undefined {
    return this.#stored.revision === undefined ? undefined : this.#all;
  }

  refresh(): void {
    this.#isFresh = false;
    this.scrubber();
  }

  learn(values: readonly EnvironmentValue[]): void {
    const news = values.filter(({ value }) => !this.#environment.some((known) => known.value === value));
    if (news.length === 0) return;
    this.#environment = [...this.#environment, ...news];
    this.#environmentAlone = new Scrubber(this.#environment.map(({ value }) => ({ label: value, value })));
    this.#combine();
  }

  /**
   * Values of the environment in a text that the store does not know, so that no other process does. It is asked each
   * time: a transaction that was rolled back took with it what was stored.
   */
  unstoredIn(text: string): EnvironmentValue[] {
    const found = this.#environmentAlone?.labelsIn(text);
    if (found === undefined || found.size === 0) return [];
    this.#read();
    const stored = new Set(this.#stored.values.map(({ value }) => value));
    return this.#environment.filter(({ value }) => found.has(value) && !stored.has(value));
  }

  #read(): void {
    const revision = this.#secrets.revision();
    if (revision === this.#stored.revision) return;
    this.#stored = { revision, values: revision === undefined ? [] : this.#open() };
    this.#combine();
  }

  #open(): KnownValue[] {
    return this.#keys().withSecretsKey((sealedBy) =>
      this.#secrets.everKnown().flatMap((secret) => {
        const values = Object.entries(openValues(sealedBy, secret));
        return values.map(([key, value]) => ({ label: `${secret.name}.${key}`, value }));
      }),
    );
  }

  #combine(): void {
    const environment = this.#environment.map(({ variable, value }) => ({
      label: `${environmentName}.${variable}`,
      value,
    }));
    const all = [...this.#stored.values, ...environment];
    this.#all = all.length === 0 ? undefined : new Scrubber(all);
  }
}
