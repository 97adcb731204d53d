import { isUserError, messageOf } from "../core/errors.ts";
import { ModelError } from "../core/model-error.ts";
import { didYouMean } from "../core/suggest.ts";
import type { Workplace } from "../core/workplace.ts";
import type { SecretMetadata } from "../secrets/vault.ts";
import type { ModelAlias } from "../store/model-aliases.ts";
import type { ModelAliases } from "./aliases.ts";
import { addressOf, type KeySource, keySource, missingKey } from "./keys.ts";
import type { ResolvedModel } from "./model.ts";
import type { Prices } from "./prices.ts";
import { exampleSpec, type ModelSpec, parseSpec, specAdvice, specText } from "./spec.ts";
import { ollamaVariable, stepVariable } from "./step-variables.ts";

export interface ResolutionDeps {
  aliases: Pick<ModelAliases, "find" | "list">;
  env: NodeJS.ProcessEnv;
  prices: Prices;
  secrets: { list(): SecretMetadata[] };
  /** One value, for an execution of this workflow. */
  readSecret(name: string, key: string, workflow: string): string;
}

/** What resolution asks of the checkpoint. */
export type ModelPlace = Pick<Workplace, "step" | "models" | "workflow">;

/** A model by its alias or spec, and who asked for it. */
interface Choice {
  text: string;
  why: string;
}

/**
 * The model that a call goes to: the run's choice comes first, then the environment's, the call's own, the flow's, and
 * the default alias.
 * @throws ModelError `no_model`, `unknown_model`, `no_key`, `no_base_url` or `bad_base_url`; UserError `forbidden` when the
 * linked secret is not meant for the workflow
 */
export function resolveModel(asked: string | undefined, place: ModelPlace, deps: ResolutionDeps): ResolvedModel {
  const { spec, alias, why } = chooseModel(asked, place, deps);
  return {
    ...spec,
    alias: alias?.name ?? null,
    why,
    // The address first: where it is wrong, no key is read.
    baseUrl: addressOf(spec.provider, alias, deps.env),
    apiKey: keyFor(spec, alias, { place, deps }),
    keyFrom: keyPlace(keySource(spec.provider, alias, deps.env)),
    price: deps.prices(spec.provider, spec.model),
  };
}

/**
 * Which model that is and why, whether or not it can be reached.
 * @throws ModelError `no_model` or `unknown_model`
 */
export function chooseModel(
  asked: string | undefined,
  place: Pick<ModelPlace, "step" | "models">,
  deps: Pick<ResolutionDeps, "aliases" | "env">,
): { spec: ModelSpec; alias: ModelAlias | undefined; why: string } {
  const { text, why } = choose(asked, place, deps);
  const alias = deps.aliases.find(text);
  const spec = parseSpec(alias?.model ?? text) ?? unknownModel({ text, why }, deps);
  return { spec, alias, why };
}

function choose(
  asked: string | undefined,
  { step, models }: Pick<ModelPlace, "step" | "models">,
  deps: Pick<ResolutionDeps, "aliases" | "env">,
): Choice {
  const choice =
    fromRecord(models.run, step, "run") ??
    fromEnvironment(step, deps.env) ??
    (asked === undefined ? undefined : { text: asked.trim(), why: "the call" }) ??
    fromRecord(models.flow, step, "flow") ??
    defaultAlias(deps.aliases);
  if (choice !== undefined) return choice;
  throw new ModelError("no_model", `nobody says which model ${JSON.stringify(step)} is to call`, {
    hint:
      `Register a default once: \`savepoint models register fast ${exampleSpec}\`; ` +
      `or name one in the call, in the run's models, or in ${stepVariable(step)}.`,
  });
}

function fromRecord(record: Readonly<Record<string, string>>, step: string, whose: string): Choice | undefined {
  const name = [step, "*"].find((one) => Object.hasOwn(record, one));
  const text = name === undefined ? undefined : record[name];
  return text === undefined ? undefined : { text: text.trim(), why: `models.${name} of the ${whose}` };
}

function fromEnvironment(step: string, env: NodeJS.ProcessEnv): Choice | undefined {
  const variable = stepVariable(step);
  const text = env[variable]?.trim();
  if (text) return { text, why: variable };
  const ofOllama = ollamaVariable(step);
  const model = env[ofOllama]?.trim();
  if (!model) return undefined;
  const isWhole = parseSpec(model)?.provider === "ollama";
  return { text: isWhole ? model : specText({ provider: "ollama", model }), why: ofOllama };
}

function defaultAlias(aliases: Pick<ModelAliases, "list">): Choice | undefined {
  const alias = aliases.list().find(({ isDefault }) => isDefault);
  return alias && { text: alias.name, why: "the default alias" };
}

function unknownModel({ text, why }: Choice, { aliases }: Pick<ResolutionDeps, "aliases">): never {
  const names = aliases.list().map(({ name }) => name);
  throw new ModelError("unknown_model", `${why}: ${JSON.stringify(text.slice(0, 120))} is no alias and no model`, {
    hint: `${didYouMean(text, names) ?? specAdvice(text)} models_list shows the aliases.`,
  });
}

function keyFor(
  { provider }: ModelSpec,
  alias: ModelAlias | undefined,
  { place, deps }: { place: ModelPlace; deps: ResolutionDeps },
): string | undefined {
  const source = keySource(provider, alias, deps.env);
  switch (source.from) {
    case "environment":
      return deps.env[source.variable]?.trim();
    case "secret":
      return secretValue(source.secret, source.key, { alias: alias?.name ?? "", workflow: place.workflow, deps });
    case "none":
      return source.isNeeded ? missingKey(provider, alias) : undefined;
  }
}

function keyPlace(source: KeySource): string | undefined {
  if (source.from === "environment") return `${source.variable}, where the worker runs`;
  if (source.from === "none") return undefined;
  return `the secret ${source.key === null ? source.secret : `${source.secret}.${source.key}`}`;
}

function secretValue(
  name: string,
  key: string | null,
  { alias, workflow, deps }: { alias: string; workflow: string; deps: ResolutionDeps },
): string {
  // Where none was named the secret had one key; it may have got others since, or be gone.
  const keys = key === null ? (deps.secrets.list().find((one) => one.name === name)?.keys ?? []) : [key];
  const [only, ...others] = keys;
  const problem = `the secret ${name}, linked to the alias ${alias}, cannot be read`;
  if (others.length > 0) {
    throw new ModelError("no_key", `${problem}: it has several keys now`, {
      hint: `Register the alias anew with one of --secret ${keys.map((one) => `${name}.${one}`).join(", --secret ")}.`,
    });
  }
  try {
    return deps.readSecret(name, only ?? "API_KEY", workflow).trim();
  } catch (error) {
    // That secrets cannot be opened at all is trouble of the project; that this workflow may not read one says itself
    // what allows it.
    if (isUserError(error) && (error.code === "unavailable" || error.code === "forbidden")) throw error;
    throw new ModelError("no_key", `${problem}: ${messageOf(error)}`, {
      hint: `\`savepoint secrets set ${name} ${only ?? "API_KEY"}\` stores the key; \`savepoint models list\` shows which secret an alias is linked to.`,
      cause: error,
    });
  }
}
