import type { ModelMessage as SdkMessage } from "ai";
import { ModelError } from "../core/model-error.ts";
import type { Answer } from "./answer-stream.ts";
import type { Call } from "./call.ts";
import { type Exchange, exchange } from "./exchange.ts";
import { sleep } from "./sleep.ts";
import { specText } from "./spec.ts";

const mostRetries = 3;
const longestDelayMs = 60_000;
const firstDelayMs = 1_000;

/**
 * One answer of the model. Where the call is only a part of its checkpoint a request that may succeed later is made
 * again here; where it is all of it the engine does that, durably.
 */
export async function takeTurn(call: Call, messages: readonly SdkMessage[]): Promise<Answer> {
  for (let retries = 0; ; ) {
    const takesSchemas = !call.services.withoutSchemas.has(serverOf(call));
    try {
      const { answer, plan } = await exchange(call, messages, { retries, takesSchemas });
      checkEnd(call, answer, plan);
      return answer;
    } catch (error) {
      if (takesSchemas && isSchemaRefused(error, call)) {
        call.services.withoutSchemas.add(serverOf(call));
        continue;
      }
      const delayMs = delayBefore(error, retries, call);
      if (delayMs === undefined) throw error;
      await sleep(call.services.clock, delayMs, call.workplace.signal);
      retries++;
    }
  }
}

/** Undefined: another request is not worth it, or not ours to make. */
function delayBefore(error: unknown, retries: number, { workplace }: Call): number | undefined {
  if (workplace.isWholeCheckpoint || workplace.signal.aborted || retries >= mostRetries) return undefined;
  if (!(error instanceof ModelError) || !error.isTransient) return undefined;
  const delayMs = error.retryAfterMs ?? firstDelayMs * 2 ** retries;
  return delayMs <= longestDelayMs ? delayMs : undefined;
}

const schemaWords = /response_format|json_schema|structured output/i;

/** Some servers that imitate OpenAI only know "some JSON"; the schema stands in the instructions anyway. */
function isSchemaRefused(error: unknown, { model, schema }: Call): boolean {
  if (model.provider !== "openai-compatible" || schema === undefined || !(error instanceof ModelError)) return false;
  return error.code === "bad_request" && schemaWords.test(error.message);
}

/** A server and its model, for what is remembered of them. */
function serverOf({ model }: Call): string {
  return `${model.baseUrl} ${model.model}`;
}

/** An answer that is no whole one is not handed on as if it were; only text that the caller's own cap cut is, with a word. */
function checkEnd(
  { model, schema, workplace }: Call,
  answer: Answer,
  { loweredBy, outputCap }: Exchange["plan"],
): void {
  const { finishReason, text, toolCalls } = answer;
  const name = specText(model);
  if (finishReason === "content-filter") {
    throw new ModelError("refused", `${name} declined to answer${text === "" ? "" : `: ${text.slice(0, 300)}`}`);
  }
  if (finishReason !== "length") return;
  if (loweredBy !== undefined) throw workplace.budget.exceeded(loweredBy);
  if (schema === undefined && toolCalls.length === 0 && text !== "") {
    workplace.event("model_cut", { model: model.model, max_tokens: outputCap });
    workplace.describe({ cut_at_tokens: outputCap });
    return;
  }
  throw new ModelError("truncated", `the answer of ${name} was cut at ${outputCap} tokens`, {
    hint: "Raise maxTokens; what a model thinks counts too.",
  });
}
