import type { Clock } from "../core/clock.ts";
import { UserError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import type { SecretMetadata } from "../secrets/vault.ts";
import type { ModelAlias } from "../store/model-aliases.ts";
import type { Store } from "../store/store.ts";
import { addressProblem } from "./keys.ts";
import { providers } from "./model.ts";
import { parseSpec, specAdvice, specText } from "./spec.ts";

export interface NewModelAlias {
  name: string;
  /** `provider:model` or `provider/model` */
  model: string;
  /** A secret with the key; `secretKey` where it has several. */
  secret?: string | undefined;
  secretKey?: string | undefined;
  baseUrl?: string | undefined;
}

/** Short names for models, as people registered them. */
export interface ModelAliases {
  list(): ModelAlias[];
  find(name: string): ModelAlias | undefined;
  /** Adds or replaces one; the first becomes the default. @throws UserError `invalid_input` or `not_found` */
  register(alias: NewModelAlias): { alias: ModelAlias; isNew: boolean };
  /** Where it was the default, there is none from then on. @throws UserError `not_found` */
  remove(name: string): ModelAlias;
  /** @throws UserError `not_found` */
  setDefault(name: string): ModelAlias;
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

export function openModelAliases(store: Store, secrets: { list(): SecretMetadata[] }, clock: Clock): ModelAliases {
  const { modelAliases: table } = store;
  const found = (name: string) => table.find(name) ?? unknownAlias(name, table.list());
  return {
    list: () => table.list(),
    find: (name) => table.find(name),

    register({ name, model, secret, secretKey, baseUrl }) {
      checkName(name);
      const link = secretLink(secrets.list(), secret, secretKey);
      const alias = { name, model: checkModel(model), ...link, baseUrl: checkAddress(baseUrl), createdAt: clock.now() };
      return store.write(() => {
        const [isNew, isFirst] = [table.find(name) === undefined, table.list().length === 0];
        table.put(alias);
        if (isFirst) table.setDefault(name);
        return { alias: found(name), isNew };
      });
    },

    remove: (name) =>
      store.write(() => {
        const alias = found(name);
        table.remove(name);
        return alias;
      }),

    setDefault: (name) =>
      store.write(() => {
        // Before the old default is unset.
        found(name);
        table.setDefault(name);
        return found(name);
      }),
  };
}

function checkName(name: string): void {
  const isProvider = providers.some((one) => one === name.toLowerCase());
  if (isProvider) {
    throw new UserError("invalid_input", `name: ${JSON.stringify(name)} is the name of a provider`, {
      hint: `Choose another, for example "fast" or "my-${name.toLowerCase()}". ${name.toLowerCase()}:MODEL can be named without an alias.`,
    });
  }
  if (namePattern.test(name)) return;
  throw new UserError("invalid_input", `name: ${JSON.stringify(name.slice(0, 120))} is no name of an alias`, {
    hint: 'Begin with a letter or digit, go on with letters, digits, ".", "_" or "-" (100 at most), for example "fast".',
  });
}

function checkModel(model: string): string {
  const spec = parseSpec(model);
  if (spec !== undefined) return specText(spec);
  throw new UserError("invalid_input", `model: ${JSON.stringify(model.slice(0, 120))} names no model of a provider`, {
    hint: specAdvice(model),
  });
}

function secretLink(
  known: SecretMetadata[],
  name: string | undefined,
  key: string | undefined,
): Pick<ModelAlias, "secret" | "secretKey"> {
  if (name === undefined) return { secret: null, secretKey: null };
  const secret = known.find((one) => one.name === name);
  if (secret === undefined) {
    const names = known.map((one) => one.name);
    throw new UserError("not_found", `secret: there is no secret ${JSON.stringify(name)}`, {
      hint: `${didYouMean(name, names) ?? ""} \`savepoint secrets set ${name} ${key ?? "API_KEY"}\` makes it.`.trim(),
      details: { names },
    });
  }
  if (key === undefined && secret.keys.length === 1) return { secret: name, secretKey: null };
  if (key !== undefined && secret.keys.includes(key)) return { secret: name, secretKey: key };
  const what = key === undefined ? "has several keys" : `has no key ${JSON.stringify(key)}`;
  throw new UserError("invalid_input", `secret: ${JSON.stringify(name)} ${what}`, {
    hint: [
      key === undefined ? undefined : didYouMean(key, secret.keys),
      `Name one: ${secret.keys.map((one) => `${name}.${one}`).join(", ")}.`,
    ]
      .filter((part) => part !== undefined)
      .join(" "),
    details: { keys: secret.keys },
  });
}

function checkAddress(baseUrl: string | undefined): string | null {
  if (baseUrl === undefined) return null;
  const problem = addressProblem(baseUrl);
  if (problem === undefined) return baseUrl.replace(/\/+$/, "");
  // It may hold a key, so it is not repeated.
  throw new UserError("invalid_input", `base_url: what is given ${problem}`, {
    hint: "Write an address such as https://example.com/v1; a key belongs into a secret: --secret NAME.",
  });
}

function unknownAlias(name: string, known: ModelAlias[]): never {
  const names = known.map((one) => one.name);
  throw new UserError("not_found", `there is no model alias ${JSON.stringify(name.slice(0, 120))}`, {
    hint:
      didYouMean(name, names) ??
      (names.length === 0
        ? "There are none yet; `savepoint models register NAME provider:model` makes one."
        : `There are: ${names.join(", ")}.`),
    details: { names },
  });
}
