import { messageOf } from "../core/errors.ts";
import { ModelError } from "../core/model-error.ts";
import type { Answer } from "./answer-stream.ts";
import type { Call, SpanEnd } from "./call.ts";
import { specText } from "./spec.ts";

/** Tokens as the provider counted them, or an estimate of them. */
export interface Tokens {
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  reasoningTokens: number;
}

/** What a request took. */
export interface Spent {
  tokens: Tokens;
  /** Null where the price is not known. */
  costUsd: number | null;
  /** Whether nobody said it: the answer broke off, or the provider counts nothing. */
  isEstimated: boolean;
}

/** How often the timeline is told how far an answer has come. */
const tellingMs = 1_000;

/** What is left of one request: its row, what the timeline says of it, and its span. */
export class Trace {
  readonly #call: Call;
  readonly #retries: number;
  readonly #startedAt: number;
  readonly #span: { end(outcome: SpanEnd): void } | undefined;
  #row = 0;
  #firstTokenMs: number | null = null;
  #toldAt: number;

  /** Puts the request on the record before it is made. */
  static async begin(call: Call, { retries, outputCap }: { retries: number; outputCap: number }): Promise<Trace> {
    const trace = new Trace(call, retries, outputCap);
    const { model, workplace, services } = call;
    workplace.event("model_called", { model: model.model, provider: model.provider, alias: model.alias });
    await workplace.write(() => {
      trace.#row = services.store.modelCalls.begin({
        executionSeq: workplace.executionSeq,
        ordinal: workplace.ordinal,
        checkpoint: workplace.step,
        kind: "llm",
        provider: model.provider,
        model: model.model,
        alias: model.alias,
        attempt: workplace.attempt,
        startedAt: trace.#startedAt,
      });
    });
    return trace;
  }

  private constructor(call: Call, retries: number, outputCap: number) {
    const { services, model, workplace, request } = call;
    this.#call = call;
    this.#retries = retries;
    this.#startedAt = services.clock.now();
    this.#toldAt = this.#startedAt;
    this.#span = services.startSpan?.({
      provider: model.provider,
      model: model.model,
      operation: "chat",
      executionId: workplace.executionId,
      workflow: workplace.workflow,
      checkpoint: workplace.step,
      maxTokens: outputCap,
      temperature: request.temperature,
    });
  }

  working(): void {
    const elapsed = Math.round(this.#elapsedMs() / 1_000);
    this.#call.workplace.event("model_working", { model: this.#call.model.model, elapsed_seconds: elapsed });
  }

  received(characters: number): void {
    const { workplace, model, services } = this.#call;
    this.#firstTokenMs ??= this.#elapsedMs();
    const now = services.clock.now();
    if (now - this.#toldAt < tellingMs) return;
    this.#toldAt = now;
    workplace.event("model_streaming", { model: model.model, characters });
    workplace.progress({ stage: `${specText(model)} is answering: ${characters} characters` });
  }

  async completed({ finishReason, toolCalls }: Answer, spent: Spent): Promise<void> {
    const { model, workplace } = this.#call;
    const { tokens, costUsd, isEstimated } = spent;
    workplace.event("model_answered", {
      model: model.model,
      tokens: tokens.inputTokens + tokens.outputTokens,
      ...(isEstimated && { is_estimated: true }),
      cost_usd: costUsd,
      latency_ms: this.#elapsedMs(),
      finish_reason: finishReason,
    });
    await this.#end({ finishReason, error: null, toolCalls: toolCalls.length }, spent);
  }

  async failed(error: unknown, spent: Spent): Promise<void> {
    const code = error instanceof ModelError ? error.code : "aborted";
    const retryAfterMs = error instanceof ModelError ? error.retryAfterMs : undefined;
    this.#call.workplace.event("model_failed", {
      model: this.#call.model.model,
      code,
      message: messageOf(error),
      latency_ms: this.#elapsedMs(),
      ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
    });
    await this.#end({ finishReason: null, error: `${code}: ${messageOf(error)}`, code, toolCalls: 0 }, spent);
  }

  async #end(
    how: { finishReason: string | null; error: string | null; code?: string; toolCalls: number },
    { tokens, costUsd, isEstimated }: Spent,
  ): Promise<void> {
    const { workplace, services } = this.#call;
    const { finishReason, error, code = null, toolCalls } = how;
    this.#span?.end({ finishReason, ...(isEstimated ? {} : tokens), error: code });
    const latencyMs = this.#elapsedMs();
    await workplace.write(() =>
      services.store.modelCalls.end(this.#row, {
        status: error === null ? "completed" : "failed",
        finishReason: isEstimated ? estimatedReason(finishReason) : finishReason,
        error,
        retries: this.#retries,
        ...tokens,
        toolCalls,
        costUsd,
        firstTokenMs: this.#firstTokenMs,
        latencyMs,
      }),
    );
  }

  #elapsedMs(): number {
    return Math.round(this.#call.services.clock.now() - this.#startedAt);
  }
}

/** The mark by which a row's tokens and cost are known to be an estimate. */
function estimatedReason(finishReason: string | null): string {
  return finishReason === null ? "estimated" : `${finishReason} (estimated)`;
}
