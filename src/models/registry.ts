import type { Clock } from "../core/clock.ts";
import type { Usage } from "../core/usage.ts";
import type { SecretMetadata } from "../secrets/vault.ts";
import type { ModelAlias } from "../store/model-aliases.ts";
import type { Store } from "../store/store.ts";
import { type ModelAliases, openModelAliases } from "./aliases.ts";
import { keySource } from "./keys.ts";
import { type Price, type Provider, providers, type ResolvedModel } from "./model.ts";
import { costOf, openPrices, type PriceSettings } from "./prices.ts";
import { chooseModel, type ModelPlace, resolveModel } from "./resolution.ts";
import { parseSpec, specText } from "./spec.ts";

export interface RegistryOptions {
  store: Store;
  clock: Clock;
  env: NodeJS.ProcessEnv;
  /** `models.prices` of the configuration. */
  prices: PriceSettings;
  secrets: { list(): SecretMetadata[]; read(name: string, key: string, workflow?: string): string };
}

/** Where a key would come from; never the key. */
export interface KeyOverview {
  from: "environment" | "secret" | null;
  /** A variable, or a secret with its key. */
  name: string | null;
  /** Whether calls can be made: the key is there, or none is needed. */
  isReady: boolean;
}

export interface ChosenModel {
  /** As `provider:model`. */
  model: string;
  alias: string | null;
  why: string;
}

export interface AliasOverview extends ModelAlias {
  key: KeyOverview;
  price: Price | undefined;
}

/** What is known of models: their short names, keys and prices. */
export interface ModelRegistry {
  readonly aliases: ModelAliases;
  /** The model that a call of this checkpoint goes to. @throws ModelError */
  resolve(asked: string | undefined, place: ModelPlace): ResolvedModel;
  /** Which model that would be and why, without its key. @throws ModelError */
  choose(asked: string | undefined, place: Pick<ModelPlace, "step" | "models">): ChosenModel;
  /** What this usage of one of a provider's models costs, in dollars; null where no price is known. */
  costOf(provider: Provider, model: string, usage: Usage): number | null;
  aliasOverview(): AliasOverview[];
  /** What can be called without an alias. */
  providerOverview(): { provider: Provider; key: KeyOverview }[];
}

/** @throws UserError `invalid_input` where `models.prices` names something that is no model */
export function openModelRegistry({ store, clock, env, prices: settings, secrets }: RegistryOptions): ModelRegistry {
  const prices = openPrices(settings);
  const aliases = openModelAliases(store, secrets, clock);
  const readSecret = (name: string, key: string, workflow: string) => secrets.read(name, key, workflow);
  return {
    aliases,
    resolve: (asked, place) => resolveModel(asked, place, { aliases, env, prices, secrets, readSecret }),

    choose(asked, place) {
      const { spec, alias, why } = chooseModel(asked, place, { aliases, env });
      return { model: specText(spec), alias: alias?.name ?? null, why };
    },

    costOf: (provider, model, usage) => costOf(prices(provider, model), usage),

    aliasOverview: () =>
      aliases.list().flatMap((alias) => {
        const spec = parseSpec(alias.model);
        if (spec === undefined) return [];
        const key = keyOverview(spec.provider, alias);
        return [{ ...alias, key, price: prices(spec.provider, spec.model) }];
      }),

    providerOverview: () => providers.map((provider) => ({ provider, key: keyOverview(provider, undefined) })),
  };

  function keyOverview(provider: Provider, alias: ModelAlias | undefined): KeyOverview {
    const source = keySource(provider, alias, env);
    switch (source.from) {
      case "environment":
        return { from: "environment", name: source.variable, isReady: true };
      case "secret": {
        const { secret, key } = source;
        const keys = secrets.list().find((one) => one.name === secret)?.keys ?? [];
        const isReady = key === null ? keys.length === 1 : keys.includes(key);
        return { from: "secret", name: `${secret}.${key ?? keys[0] ?? "?"}`, isReady };
      }
      case "none":
        return { from: null, name: null, isReady: !source.isNeeded };
    }
  }
}
