import type { LanguageModel } from "ai";
import { ModelError } from "../core/model-error.ts";
import type { ResolvedModel } from "./model.ts";

export interface ModelAccess {
  fetch: typeof globalThis.fetch;
  /** Whether the server of an `openai-compatible` model takes a JSON Schema, not only "some JSON". */
  takesSchemas: boolean;
}

/**
 * The model as the AI SDK knows it. Libraries are loaded by the first call that needs them, and every address and key is
 * given: what the SDK finds in the environment by itself may belong to another address.
 */
export async function languageModel(model: ResolvedModel, access: ModelAccess): Promise<LanguageModel> {
  const { fetch, takesSchemas } = access;
  const apiKey = model.apiKey ?? "";
  switch (model.provider) {
    case "anthropic": {
      const { createAnthropic } = await import("@ai-sdk/anthropic");
      return createAnthropic({ apiKey, baseURL: model.baseUrl ?? "https://api.anthropic.com/v1", fetch })(model.model);
    }
    case "openai": {
      const { createOpenAI } = await import("@ai-sdk/openai");
      return createOpenAI({ apiKey, baseURL: model.baseUrl ?? "https://api.openai.com/v1", fetch })(model.model);
    }
    case "google": {
      const { createGoogleGenerativeAI } = await import("@ai-sdk/google");
      const baseURL = model.baseUrl ?? "https://generativelanguage.googleapis.com/v1beta";
      return createGoogleGenerativeAI({ apiKey, baseURL, fetch })(model.model);
    }
    case "openai-compatible":
    case "ollama": {
      const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
      return createOpenAICompatible({
        name: model.provider === "ollama" ? "ollama" : "compatible",
        apiKey,
        baseURL: chatAddress(model),
        fetch,
        includeUsage: true,
        supportsStructuredOutputs: takesSchemas,
      })(model.model);
    }
    default:
      return model.provider satisfies never;
  }
}

/** Where Ollama is when nobody says otherwise. */
const ollamaAddress = "http://127.0.0.1:11434";

/** The address under which `/chat/completions` is. */
function chatAddress({ provider, baseUrl }: ResolvedModel): string {
  if (provider === "ollama") return `${addressOfOllama(baseUrl)}/v1`;
  if (baseUrl !== undefined) return baseUrl;
  throw new ModelError("no_base_url", "an openai-compatible model needs the address of its server", {
    hint: "Set OPENAI_COMPATIBLE_BASE_URL, or register the alias with --base-url.",
  });
}

/** The address of Ollama itself, for people and for its OpenAI-compatible paths. */
export function addressOfOllama(baseUrl: string | undefined): string {
  return (baseUrl ?? ollamaAddress).replace(/\/+$/, "").replace(/\/v1$/, "");
}
