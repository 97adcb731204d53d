import { nearest } from "../core/suggest.ts";
import { type Provider, providers } from "./model.ts";

/** A model by its provider and its name there. */
export interface ModelSpec {
  provider: Provider;
  model: string;
}

export const exampleSpec = "anthropic:claude-sonnet-5-5";

const longestName = 200;

/** Reads `provider:model` or `provider/model`; undefined where no provider stands in front, or nothing usable behind. */
export function parseSpec(text: string): ModelSpec | undefined {
  const { head, rest } = split(text);
  const provider = providers.find((one) => one === head);
  return provider === undefined || !isModelName(rest) ? undefined : { provider, model: rest };
}

/** Names become part of addresses, and must not lead to another one. */
function isModelName(text: string): boolean {
  return text.length <= longestName && /^[\x21-\x7e]+$/.test(text) && !/[?#%\\]|\.\./.test(text);
}

export function specText({ provider, model }: ModelSpec): string {
  return `${provider}:${model}`;
}

const nameRule = `A model's name has ${longestName} characters at most, none of them a space, "?", "#", "%" or "\\", and no "..".`;

/** What to write instead of a text that is neither a spec nor an alias. */
export function specAdvice(text: string): string {
  const likely = likelySpec(text.slice(0, longestName));
  const meant = likely === undefined ? "" : `Did you mean ${JSON.stringify(likely)}? `;
  const form = `Write provider:model, for example "${exampleSpec}"; the providers are ${providers.join(", ")}.`;
  const { rest } = split(text);
  const why = rest === "" || isModelName(rest) ? "" : ` ${nameRule}`;
  return `${meant}${form}${why}`;
}

/** Model names may hold both signs, so the first one separates. */
function split(text: string): { head: string; rest: string } {
  const trimmed = text.trim();
  const at = trimmed.search(/[:/]/);
  return at < 0 ? { head: trimmed, rest: "" } : { head: trimmed.slice(0, at), rest: trimmed.slice(at + 1).trim() };
}

/** What else the providers are called, and how the names of their models begin. */
const otherNames: readonly [RegExp, Provider][] = [
  [/^(claude|claude-ai)$/i, "anthropic"],
  [/^(gpt|chatgpt|open-ai|open_ai)$/i, "openai"],
  [/^(gemini|googleai|google-ai|google-genai|google-generative-ai)$/i, "google"],
  [
    /^(openai_compatible|openaicompatible|lmstudio|lm-studio|vllm|openrouter|litellm|groq|custom)$/i,
    "openai-compatible",
  ],
  [/^(llama|local)$/i, "ollama"],
];
const familyNames: readonly [RegExp, Provider][] = [
  [/^claude-/i, "anthropic"],
  [/^(gpt-|chatgpt-|o\d)/i, "openai"],
  [/^gemini-/i, "google"],
  [/^(llama|mistral|mixtral|qwen|phi|gemma|deepseek)/i, "ollama"],
];

function likelySpec(text: string): string | undefined {
  const { head, rest } = split(text);
  const family = familyNames.find(([form]) => form.test(text.trim()))?.[1];
  if (family !== undefined && isModelName(text.trim())) return specText({ provider: family, model: text.trim() });
  if (!isModelName(rest)) return undefined;
  const [near] = nearest(head, providers, 1);
  const provider = otherNames.find(([form]) => form.test(head))?.[1] ?? providers.find((one) => one === near);
  return provider && specText({ provider, model: rest });
}
