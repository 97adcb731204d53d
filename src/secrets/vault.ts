import type { Clock } from "../core/clock.ts";
import { UserError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import type { SecretRow, Visibility } from "../store/secrets.ts";
import type { Store } from "../store/store.ts";
import type { KeyPlace } from "./key-place.ts";
import type { ProjectKeys } from "./keys.ts";
import { type Rotation, type RotationOptions, rotateKeys } from "./rotation.ts";
import { checkSecretKeys, checkSecretName, checkSecretValues, checkWorkflows, warningsOf } from "./rules.ts";
import { checkScope } from "./scope.ts";
import { openValues, type SecretValues, sealValues } from "./values.ts";

/** What may be known of a secret by everybody. */
export type SecretMetadata = Omit<SecretRow, "sealed">;

export interface NewSecret {
  name: string;
  values: Record<string, unknown>;
  visibility: Visibility;
  /** The workflows whose executions may read it; null: all; left out: as it is, and for a new one all. */
  workflows?: readonly string[] | null | undefined;
  /** Words of the answers of whoever calls: a value that would be redacted in one of them is refused. */
  words?: readonly string[] | undefined;
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
  /**
   * What is known of a new secret before its values are.
   * @param field of the caller's input that the keys come from
   * @returns the keys, without the blanks around them
   * @throws UserError `conflict` when the name is taken, `invalid_input`
   */
  checkNew(secret: Pick<NewSecret, "name" | "workflows"> & { keys: readonly string[] }, field: string): string[];
  /** Adds or replaces keys of a secret, which is made where it is missing; its other keys stay. */
  set(secret: NewSecret): StoredSecret;
  /** Says who may read it; null: every workflow. @throws UserError `not_found`, `invalid_input` */
  restrict(name: string, workflows: readonly string[] | null): SecretMetadata;
  /** Gives all secrets a new key, and the user a new master key where that is wished. @throws UserError `unavailable` */
  rotate(options: RotationOptions): Rotation;
  /** @throws UserError `not_found` */
  remove(name: string): SecretMetadata;
  /** @throws UserError `not_found` */
  reveal(name: string): SecretValues;
  /** @throws UserError `unavailable` when there are secrets that cannot be opened */
  check(): void;
  /**
   * One value, for an execution of this workflow; without one, only of a secret that every workflow may read.
   * @throws UserError `not_found`, with the nearest name or key, or `forbidden`
   */
  read(name: string, key: string, workflow?: string): string;
}

export interface VaultParts {
  store: Store;
  keys: () => ProjectKeys;
  /** Where a rotation finds and puts the user's master key. */
  place: KeyPlace;
  clock: Clock;
}

export function openVault({ store, keys, place, clock }: VaultParts): Secrets {
  const { secrets, protection } = store;
  const found = (name: string) => secrets.find(name) ?? unknownSecret(name, secrets.list());
  const refuseTaken = (name: string) => {
    if (secrets.find(name) !== undefined) throw taken(name);
  };
  /** In a transaction, in which the key stays the one that it is. */
  const save = (project: ProjectKeys, values: SecretValues, kept: SecretMetadata): SecretMetadata => {
    project.withSecretsKey((key) => secrets.insert({ ...kept, sealed: sealValues(key, kept.name, values) }));
    protection.refresh();
    return kept;
  };
  const opened = (name: string): SecretValues => keys().withSecretsKey((key) => openValues(key, found(name)));
  return {
    list: () => secrets.list().map(metadata),

    create({ name, values: given, visibility, workflows: asked, words }) {
      checkSecretName(name);
      const values = checkSecretValues(given, words);
      const workflows = asked == null ? null : checkWorkflows(asked);
      // Before the transaction: a key that is made in it would be lost with it.
      const project = keys();
      const secret = store.write(() => {
        refuseTaken(name);
        return save(project, values, { name, keys: keysOf(values), visibility, workflows, createdAt: clock.now() });
      });
      return { secret, warnings: warningsOf(values) };
    },

    checkNew({ name, keys: wanted, workflows }, field) {
      checkSecretName(name);
      const checked = checkSecretKeys(field, wanted);
      if (workflows != null) checkWorkflows(workflows);
      refuseTaken(name);
      return checked;
    },

    set({ name, values: given, visibility, workflows: asked, words }) {
      checkSecretName(name);
      const values = checkSecretValues(given, words);
      const workflows = asked == null ? asked : checkWorkflows(asked);
      const project = keys();
      const createdAt = clock.now();
      const secret = store.write(() => {
        const before = secrets.find(name);
        if (before === undefined) {
          const kept = { name, keys: keysOf(values), visibility, workflows: workflows ?? null, createdAt };
          return save(project, values, kept);
        }
        const merged = { ...project.withSecretsKey((key) => openValues(key, before)), ...values };
        secrets.retire(name, createdAt);
        const scope = workflows === undefined ? before.workflows : workflows;
        const { visibility: same } = before;
        return save(project, merged, { name, keys: keysOf(merged), visibility: same, workflows: scope, createdAt });
      });
      return { secret, warnings: warningsOf(values) };
    },

    restrict(name, asked) {
      const workflows = asked === null ? null : checkWorkflows(asked);
      return store.write(() => {
        const secret = metadata(found(name));
        secrets.restrict(name, workflows);
        return { ...secret, workflows };
      });
    },

    rotate: (options) => rotateKeys({ store, keys, place }, options),

    remove: (name) =>
      store.write(() => {
        const secret = found(name);
        secrets.retire(name, clock.now());
        return metadata(secret);
      }),

    check() {
      if (secrets.revision() === undefined) return;
      keys().withSecretsKey((key) => secrets.everKnown().map((secret) => openValues(key, secret)));
    },

    reveal: opened,

    read(name, key, workflow) {
      const readable = () => {
        const secret = found(name);
        checkScope(secret, workflow);
        return secret;
      };
      // Before any key is asked for.
      readable();
      const { secret, values } = keys().withSecretsKey((sealedBy) => {
        const secret = readable();
        return { secret, values: openValues(sealedBy, secret) };
      });
      // Whatever happens to the value from here on, it is known.
      protection.refresh();
      return (Object.hasOwn(values, key) ? values[key] : undefined) ?? unknownKey(secret, key);
    },
  };
}

function keysOf(values: SecretValues): string[] {
  return Object.keys(values).sort();
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
