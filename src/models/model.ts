/** Where a model is called. */
export const providers = ["anthropic", "openai", "google", "openai-compatible", "ollama"] as const;
export type Provider = (typeof providers)[number];

/** Dollars for a million tokens; what a cache served may be cheaper. */
export interface Rates {
  input: number;
  output: number;
  cachedInput?: number | undefined;
}

export interface Price extends Rates {
  /** The rates of a whole request whose input has more tokens than `above`. */
  long?: (Rates & { above: number }) | undefined;
}

/** The model that a call goes to, and what it takes to call it. */
export interface ResolvedModel {
  provider: Provider;
  model: string;
  /** The name by which it was asked for, where it was an alias. */
  alias: string | null;
  /** Who chose it, for people: "models.draft of the run", "SAVEPOINT_MODEL_DRAFT", "the default alias". */
  why: string;
  /** Undefined where the provider takes none. */
  apiKey: string | undefined;
  /** Where the key comes from, for people: "ANTHROPIC_API_KEY, where the worker runs", "the secret router.KEY". */
  keyFrom: string | undefined;
  /** Undefined: the provider's own address. */
  baseUrl: string | undefined;
  /** Undefined: not known, so that costs are not either. */
  price: Price | undefined;
}
