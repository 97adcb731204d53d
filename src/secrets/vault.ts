import type { Clock } from "../core/clock.ts";
import { UserError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import type { SecretRow, Visibility } from "../store/secrets.ts";
import type { Store } from "../store/store.ts";
import type { ProjectKeys } from "./keys.ts";
import { checkSecretName, checkSecretValues, warningsOf } from "./rules.ts";
import { openValues, type SecretValues, sealValues } from "./values.ts";

/** What may be known of a secret by everybody. */
export type SecretMetadata = Omit<SecretRow, "sealed">;

export interface NewSecret {
  name: string;
  values: Record<string, unknown>;
  visibility: Visibility;
}

export interface StoredSecret {
  secret: SecretMetadata;
  warnings: string[];
}

/** The secrets of a project. Values leave it only by `read`, for a checkpoint, and `reveal`, for a person. */
export interface Secrets {
  list(): SecretMetadata[];
  /** @throws UserError `conflict` when there is one of that name, `invalid_input` */
  create(secret: NewSecret): StoredSecret;
  /** Adds or replaces keys of a secret, which is made where it is missing; its other keys stay. */
  set(secret: NewSecret): StoredSecret;
  /** @throws UserError `not_found` */
  remove(name: string): SecretMetadata;
  /** @throws UserError `not_found` */
  reveal(name: string): SecretValues;
  /** @throws UserError `unavailable` when there are secrets that cannot be opened */
  check(): void;
  /** One value. @throws UserError `not_found`, with the nearest name or key */
  read(name: string, key: string): string;
}

export function openVault(store: Store, keys: () => ProjectKeys, clock: Clock): Secrets {
  const { secrets, protection } = store;
  const found = (name: string) => secrets.find(name) ?? unknownSecret(name, secrets.list());
  const save = (project: ProjectKeys, name: string, values: SecretValues, visibility: Visibility): SecretMetadata => {
    const kept = { name, keys: Object.keys(values).sort(), visibility, createdAt: clock.now() };
    secrets.insert({ ...kept, sealed: sealValues(project, name, values) });
    protection.refresh();
    return kept;
  };
  return {
    list: () => secrets.list().map(metadata),

    create({ name, values: given, visibility }) {
      checkSecretName(name);
      const values = checkSecretValues("values", given);
      // Before the transaction: a key that is made in it would be lost with it.
      const project = keys();
      const secret = store.write(() => {
        if (secrets.find(name) !== undefined) throw taken(name);
        return save(project, name, values, visibility);
      });
      return { secret, warnings: warningsOf(values) };
    },

    set({ name, values: given, visibility }) {
      checkSecretName(name);
      const values = checkSecretValues("values", given);
      const project = keys();
      const secret = store.write(() => {
        const before = secrets.find(name);
        if (before === undefined) return save(project, name, values, visibility);
        const merged = { ...openValues(project, before), ...values };
        secrets.retire(name, clock.now());
        return save(project, name, merged, before.visibility);
      });
      return { secret, warnings: warningsOf(values) };
    },

    remove: (name) =>
      store.write(() => {
        const secret = found(name);
        secrets.retire(name, clock.now());
        return metadata(secret);
      }),

    check() {
      if (secrets.revision() > 0) for (const secret of secrets.everKnown()) openValues(keys(), secret);
    },

    reveal: (name) => openValues(keys(), found(name)),

    read(name, key) {
      const secret = found(name);
      // Whatever happens to the value from here on, it is known.
      protection.refresh();
      const values = openValues(keys(), secret);
      return (Object.hasOwn(values, key) ? values[key] : undefined) ?? unknownKey(secret, key);
    },
  };
}

function metadata({ sealed: _, ...rest }: SecretRow): SecretMetadata {
  return rest;
}

function taken(name: string): UserError {
  return new UserError("conflict", `there is a secret ${JSON.stringify(name)} already`, {
    hint: `Choose another name, or let a person change it in a terminal: \`savepoint secrets set ${name} KEY\`.`,
  });
}

function unknownSecret(name: string, known: SecretRow[]): never {
  const names = known.map((one) => one.name);
  throw new UserError("not_found", `there is no secret ${JSON.stringify(name)}`, {
    hint: [
      didYouMean(name, names) ?? (names.length === 0 ? "There are none yet." : `There are: ${names.join(", ")}.`),
      `\`savepoint secrets set ${name} KEY\` or secrets_create makes it.`,
    ].join(" "),
    details: { names },
  });
}

function unknownKey({ name, keys }: SecretRow, key: string): never {
  throw new UserError("not_found", `secret ${JSON.stringify(name)} has no key ${JSON.stringify(key)}`, {
    hint: `${didYouMean(key, keys) ?? `It has: ${keys.join(", ")}.`} \`savepoint secrets set ${name} ${key}\` adds it.`,
    details: { keys },
  });
}
