import { z } from "zod";
import { GuardrailExceeded } from "../budgets/exceeded.ts";
import { messageOf } from "../core/errors.ts";
import { ModelError } from "../core/model-error.ts";
import type { ResolvedModel } from "./model.ts";
import { addressOfOllama } from "./providers.ts";
import { retryAfterMs } from "./retry-after.ts";
import { specText } from "./spec.ts";

/** What the AI SDK's errors say beside their message; which of them are there depends on how far a request came. */
const sdkError = z.object({
  message: z.string().catch(""),
  statusCode: z.number().optional().catch(undefined),
  responseHeaders: z.record(z.string(), z.string()).catch({}),
  responseBody: z.string().catch(""),
  type: z.string().optional().catch(undefined),
  code: z.union([z.string(), z.number()]).optional().catch(undefined),
});
type SdkError = z.infer<typeof sdkError>;

export interface FailureContext {
  model: ResolvedModel;
  now: number;
  /** Whether the server had answered. */
  hasBegun: boolean;
}

/** Why a request failed, in one of a few words; neither the key nor what was sent is in it. */
export function failureOf(thrown: unknown, context: FailureContext): Error {
  if (thrown instanceof ModelError || thrown instanceof GuardrailExceeded) return thrown;
  const parsed = sdkError.safeParse(thrown);
  const error = parsed.success ? parsed.data : sdkError.parse({ message: messageOf(thrown) });
  const { statusCode } = error;
  if (statusCode !== undefined && statusCode >= 400) return failedWithStatus(error, statusCode, context);
  if (statusCode !== undefined && statusCode >= 300) return redirected(error, statusCode, context);
  const code = networkCode(thrown);
  if (context.hasBegun) return streamBroken(code ?? excerpt(error, context), context.model);
  if (code !== undefined) return unreachable(code, context.model);
  return new ModelError("bad_request", `${specText(context.model)} could not be asked: ${excerpt(error, context)}`);
}

export function streamBroken(why: string, model: ResolvedModel): ModelError {
  return new ModelError("stream_broken", `the answer of ${specText(model)} broke off: ${why}`, { isTransient: true });
}

/** The server goes on with its answer, whatever it was asked. */
export function overrun(model: ResolvedModel, outputCap: number): ModelError {
  return new ModelError("truncated", `${specText(model)} went on far beyond its cap of ${outputCap} tokens`, {
    hint: "Its server ignores the cap, so the request was broken off. Ask for a short answer, raise maxTokens, or call another server.",
  });
}

export function timedOut(model: ResolvedModel, silentMs: number): ModelError {
  const message = `nothing came from ${specText(model)} for ${Math.round(silentMs / 1_000)} s`;
  const hint =
    model.provider === "ollama"
      ? "A large model may need longer to load: OLLAMA_TIMEOUT_SECONDS says how long to wait."
      : undefined;
  return new ModelError("timed_out", message, { hint, isTransient: true });
}

function redirected({ responseHeaders }: SdkError, status: number, { model }: FailureContext): ModelError {
  const to = responseHeaders["location"];
  const base = model.baseUrl ?? "https://unknown.invalid";
  const where = to !== undefined && URL.canParse(to, base) ? ` to ${new URL(to, base).origin}` : "";
  return new ModelError("redirected", `${specText(model)} was redirected${where} (status ${status})`, {
    hint: "Redirects are not followed, since the key and the prompt would go along. Set the base URL to the address that answers by itself.",
  });
}

const contextWords =
  /context.?(length|window|size)|prompt is too long|too many (input )?tokens|input token count|maximum.{0,20}tokens|request_too_large/i;
const quotaWords = /insufficient_quota|credit balance|exceeded your current quota.{0,40}(plan|billing)|billing/i;
const refusalWords = /content.?(policy|filter)|responsible ai|safety system/i;
const keyWords = /api.?key not valid|API_KEY_INVALID|invalid.{0,10}api.?key/i;

function failedWithStatus(error: SdkError, status: number, context: FailureContext): ModelError {
  const { model, now } = context;
  const name = specText(model);
  const said = excerpt(error, context);
  const all = `${error.message} ${error.type ?? ""} ${error.code ?? ""} ${error.responseBody}`;
  const retryAfter = retryAfterMs(error.responseHeaders, error.responseBody, now);
  if (status === 401 || status === 403 || (status === 400 && keyWords.test(all)))
    return unauthorized(status, said, model);
  if (status === 404) return modelNotFound(said, model);
  if (status === 402 || (status < 500 && quotaExhausted(model, status, all))) {
    return new ModelError("quota_exhausted", `${name}: the account has nothing left: ${said}`, {
      hint: "Waiting does not help: add credit at the provider, or choose another model.",
    });
  }
  if (status === 429) {
    return new ModelError("rate_limited", `${name} takes no more requests for now: ${said}`, {
      isTransient: true,
      retryAfterMs: retryAfter,
    });
  }
  if (status === 408) return new ModelError("timed_out", `${name} timed out: ${said}`, { isTransient: true });
  if (status >= 500 || status === 409) {
    return new ModelError("overloaded", `${name} failed with status ${status}: ${said}`, {
      isTransient: true,
      retryAfterMs: retryAfter,
    });
  }
  if (status === 413 || contextWords.test(all)) {
    return new ModelError("context_too_long", `${name} cannot take so much: ${said}`, {
      hint: "Send less, or choose a model with a larger context.",
    });
  }
  if (refusalWords.test(all)) return new ModelError("refused", `${name} refused the request: ${said}`);
  return new ModelError("bad_request", `${name} refused the request with status ${status}: ${said}`);
}

/** Google says that the quota is used up at every rate limit; the delay that it asks for tells which it is. */
function quotaExhausted({ provider }: ResolvedModel, status: number, all: string): boolean {
  if (provider === "google" && status === 429) return false;
  return quotaWords.test(all);
}

function unauthorized(status: number, said: string, model: ResolvedModel): ModelError {
  const { keyFrom } = model;
  return new ModelError("unauthorized", `${specText(model)} did not accept the key (status ${status}): ${said}`, {
    hint: keyFrom === undefined ? "No key was sent: the server wants one." : `The key comes from ${keyFrom}.`,
  });
}

function modelNotFound(said: string, model: ResolvedModel): ModelError {
  const hint =
    model.provider === "ollama"
      ? `Pull the model: \`ollama pull ${model.model}\`.`
      : `Check the model's name${model.baseUrl === undefined ? "" : `, and the address ${model.baseUrl}`}.`;
  return new ModelError("model_not_found", `${specText(model)} was not found: ${said}`, { hint });
}

function unreachable(code: string, model: ResolvedModel): ModelError {
  const { provider, baseUrl } = model;
  const where = provider === "ollama" ? addressOfOllama(baseUrl) : baseUrl;
  const at = where === undefined ? "" : ` at ${where}`;
  const hint =
    provider === "ollama"
      ? `Is Ollama running${at}? Start it with \`ollama serve\`, or set OLLAMA_BASE_URL.`
      : "Check the network, and the base URL where one is set.";
  return new ModelError("unreachable", `${provider} cannot be reached${at} (${code})`, { hint, isTransient: true });
}

const networkCodes = /^(E[A-Z]+|UND_ERR_[A-Z_]+|CERT_[A-Z_]+|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_[A-Z_]+)$/;

/** The code of the socket's own error, wherever in the chain of causes it is. */
function networkCode(thrown: unknown): string | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 8; error = error.cause, depth++) {
    if ("code" in error && typeof error.code === "string" && networkCodes.test(error.code)) return error.code;
    if (error instanceof TypeError && error.message === "terminated") return "the connection was closed";
  }
  return undefined;
}

const longestExcerpt = 300;

/** What the provider said, short, and without the key should it have repeated it. */
function excerpt({ message }: SdkError, { model }: FailureContext): string {
  const { apiKey } = model;
  const text = apiKey === undefined || apiKey === "" ? message : message.replaceAll(apiKey, "(the key)");
  const short = text.trim().slice(0, longestExcerpt);
  return short === "" ? "it said nothing more" : short;
}
