import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { packageVersion } from "../core/runtime.ts";
import type { SpanEnd, SpanStart } from "./call.ts";

/** How the conventions call the providers that they know. */
const providerNames: Readonly<Record<string, string>> = {
  google: "gcp.gemini",
  "openai-compatible": "openai_compatible",
};

/**
 * A span for one request, in OpenTelemetry's conventions for generative AI; nothing where nobody listens. It says
 * nothing of what was asked and answered, since spans leave the project unredacted.
 */
export function startModelSpan(start: SpanStart): { end(outcome: SpanEnd): void } {
  const { operation, model, executionId } = start;
  const span = trace
    .getTracer("savepoint", packageVersion())
    .startSpan(
      `${operation} ${model}`,
      { kind: SpanKind.CLIENT, attributes: attributesOf(start) },
      within(executionId),
    );
  return { end: (outcome) => endSpan(span, `${start.provider}:${model}`, outcome) };
}

/** All requests of an execution are in one trace, whichever processes make them: it is named by the execution's id. */
function within(executionId: string): Context {
  const traceId = executionId.replaceAll("-", "");
  const spanId = traceId.slice(-16);
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
}

function attributesOf(start: SpanStart): Attributes {
  const provider = providerNames[start.provider] ?? start.provider;
  return {
    "gen_ai.operation.name": start.operation,
    "gen_ai.provider.name": provider,
    // What the provider was called before; many backends still look for it.
    "gen_ai.system": provider,
    "gen_ai.request.model": start.model,
    "gen_ai.request.max_tokens": start.maxTokens,
    ...(start.temperature !== undefined && { "gen_ai.request.temperature": start.temperature }),
    "savepoint.execution.id": start.executionId,
    "savepoint.workflow": start.workflow,
    "savepoint.checkpoint": start.checkpoint,
  };
}

function endSpan(span: Span, name: string, { finishReason, inputTokens, outputTokens, error }: SpanEnd): void {
  if (finishReason !== null) span.setAttribute("gen_ai.response.finish_reasons", [finishReason]);
  if (inputTokens !== undefined) span.setAttribute("gen_ai.usage.input_tokens", inputTokens);
  if (outputTokens !== undefined) span.setAttribute("gen_ai.usage.output_tokens", outputTokens);
  if (error !== null) {
    span.setAttribute("error.type", error);
    span.setStatus({ code: SpanStatusCode.ERROR, message: `${name} failed: ${error}` });
  }
  span.end();
}
