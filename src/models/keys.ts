import { ModelError } from "../core/model-error.ts";
import { credentialsIn } from "../secrets/credentials.ts";
import type { ModelAlias } from "../store/model-aliases.ts";
import type { Provider } from "./model.ts";

/** The variables in which a provider's key is looked for, in this order. */
const keyVariables: Readonly<Record<Provider, readonly string[]>> = {
  anthropic: ["ANTHROPIC_API_KEY"],
  openai: ["OPENAI_API_KEY"],
  google: ["GOOGLE_GENERATIVE_AI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"],
  "openai-compatible": ["OPENAI_COMPATIBLE_API_KEY"],
  ollama: [],
};

/** What models and coding agents are configured by, and the proxies on the way to them. */
const ofModelsAndAgents =
  /^(ANTHROPIC|CLAUDE_CODE|OPENAI|GOOGLE|GCLOUD|GEMINI|VERTEX|CLOUD_ML|AWS|AZURE)_|^((HTTPS?|ALL)_PROXY|OLLAMA_BASE_URL)$/i;

/** The credentials of models and agents that the environment holds, by their variables: they are shown nowhere. */
export function environmentKeys(env: NodeJS.ProcessEnv): { variable: string; value: string }[] {
  return Object.entries(env)
    .filter(([variable]) => ofModelsAndAgents.test(variable))
    .flatMap(([variable, text = ""]) => credentialsIn(variable, text).map((value) => ({ variable, value })));
}

const addressVariables: Readonly<Record<Provider, string>> = {
  anthropic: "ANTHROPIC_BASE_URL",
  openai: "OPENAI_BASE_URL",
  google: "GOOGLE_GENERATIVE_AI_BASE_URL",
  "openai-compatible": "OPENAI_COMPATIBLE_BASE_URL",
  ollama: "OLLAMA_BASE_URL",
};

const needsKey = (provider: Provider) => provider !== "ollama" && provider !== "openai-compatible";

/** Where a key comes from, without the key. */
export type KeySource =
  | { from: "environment"; variable: string }
  | { from: "secret"; secret: string; key: string | null }
  | { from: "none"; isNeeded: boolean };

/**
 * The environment comes before the linked secret; but to an address of the alias's own only the secret that was linked
 * to it is sent, since the environment's key was never meant for it.
 */
export function keySource(provider: Provider, alias: ModelAlias | undefined, env: NodeJS.ProcessEnv): KeySource {
  const variables = hasOwnAddress(alias) ? [] : keyVariables[provider];
  const variable = variables.find((name) => isSet(env[name]));
  if (variable !== undefined) return { from: "environment", variable };
  if (alias !== undefined && alias.secret !== null) {
    return { from: "secret", secret: alias.secret, key: alias.secretKey };
  }
  return { from: "none", isNeeded: needsKey(provider) };
}

/** @throws ModelError `no_key` */
export function missingKey(provider: Provider, alias: ModelAlias | undefined): never {
  const name = alias?.name ?? "NAME";
  const link = `savepoint models register ${name} ${alias?.model ?? `${provider}:MODEL`} --secret SECRET`;
  if (hasOwnAddress(alias)) {
    throw new ModelError("no_key", `the alias ${name} has a base URL of its own and no secret linked to it`, {
      hint: `Keys of the environment are not sent there. Link a secret: \`${link} --base-url ${alias?.baseUrl}\`.`,
    });
  }
  throw new ModelError("no_key", `there is no key for ${provider}`, {
    hint: `Set ${keyVariables[provider].join(" or ")} where the worker runs, or link a secret to an alias: \`${link}\`.`,
  });
}

/**
 * Where requests go, as the provider's client takes it; undefined: to the provider's own address.
 * @throws ModelError `no_base_url` or `bad_base_url`
 */
export function addressOf(
  provider: Provider,
  alias: ModelAlias | undefined,
  env: NodeJS.ProcessEnv,
): string | undefined {
  const variable = addressVariables[provider];
  const given = alias?.baseUrl ?? setIn(env, variable);
  if (given !== undefined) return normalized(provider, given, alias?.baseUrl ? `alias ${alias.name}` : variable);
  if (provider === "ollama") return "http://127.0.0.1:11434/v1";
  if (provider !== "openai-compatible") return undefined;
  throw new ModelError("no_base_url", "openai-compatible has no address of its own, and none is given", {
    hint: `Set ${variable}, for example to http://127.0.0.1:1234/v1, or register an alias with --base-url.`,
  });
}

/** What is wrong with an address; undefined: nothing. */
export function addressProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return "is no URL";
  const { protocol, username, password, search, hash } = new URL(text);
  if (protocol !== "http:" && protocol !== "https:") return "begins neither with http:// nor with https://";
  if (username !== "" || password !== "") return "holds credentials";
  return search === "" && hash === "" ? undefined : "has more behind its path";
}

/** Clients want the version in the path, and people leave it out, as `ANTHROPIC_BASE_URL` of Claude Code does. */
function normalized(provider: Provider, given: string, source: string): string {
  const problem = addressProblem(given);
  if (problem !== undefined) {
    throw new ModelError("bad_base_url", `the base URL of ${source} ${problem}`, {
      hint: "Write an address such as https://example.com/v1; a key belongs into a secret.",
    });
  }
  const address = given.replace(/\/+$/, "");
  const hasPath = new URL(address).pathname !== "/";
  const hasVersion = /\/v\d+[a-z0-9]*$/.test(address);
  switch (provider) {
    case "anthropic":
      return hasVersion ? address : `${address}/v1`;
    case "google":
      return hasVersion ? address : `${address}/v1beta`;
    case "ollama":
      return hasVersion ? address : `${address.replace(/\/api$/, "")}/v1`;
    // Gateways serve it under paths without a version.
    case "openai":
      return hasPath ? address : `${address}/v1`;
    case "openai-compatible":
      return address;
  }
}

function hasOwnAddress(alias: ModelAlias | undefined): boolean {
  return alias !== undefined && alias.baseUrl !== null;
}

function setIn(env: NodeJS.ProcessEnv, variable: string): string | undefined {
  const value = env[variable];
  return isSet(value) ? value : undefined;
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== "";
}
