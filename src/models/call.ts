import type { Clock } from "../core/clock.ts";
import type { JsonSchema } from "../core/json-schema.ts";
import type { ModelRequest } from "../core/model-call.ts";
import { addUsage, noUsage, type Usage } from "../core/usage.ts";
import type { Workplace } from "../core/workplace.ts";
import type { Store } from "../store/store.ts";
import { instructionsOf } from "./messages.ts";
import type { ResolvedModel } from "./model.ts";
import { schemaInstructions, sentSchema } from "./structured-output.ts";

/** What is told to whoever follows requests from outside: of what they are, nothing of what they say. */
export interface SpanStart {
  provider: string;
  model: string;
  operation: "chat";
  executionId: string;
  workflow: string;
  checkpoint: string;
  maxTokens: number;
  temperature: number | undefined;
}

export interface SpanEnd {
  finishReason: string | null;
  /** Left out where the provider did not say. */
  inputTokens?: number;
  outputTokens?: number;
  /** The code of what went wrong. */
  error: string | null;
}

export type StartSpan = (start: SpanStart) => { end(outcome: SpanEnd): void };

export interface CallServices {
  store: Pick<Store, "modelCalls">;
  clock: Clock;
  startSpan: StartSpan | undefined;
  heartbeatMs: number;
  fetch: typeof globalThis.fetch;
  /** So long may a provider keep silent. */
  silenceMs(model: ResolvedModel): number;
  /** Models whose server has refused a JSON Schema. */
  withoutSchemas: Set<string>;
}

/** One call, from the question to the last answer. */
export class Call {
  readonly services: CallServices;
  readonly model: ResolvedModel;
  readonly request: ModelRequest;
  readonly workplace: Workplace;
  readonly instructions: string | undefined;
  /** What is asked for, as it is sent. */
  readonly schema: JsonSchema | undefined;
  #usage: Usage = noUsage;

  constructor(services: CallServices, model: ResolvedModel, request: ModelRequest, workplace: Workplace) {
    this.services = services;
    this.model = model;
    this.request = request;
    this.workplace = workplace;
    this.schema = request.outputSchema && sentSchema(request.outputSchema);
    this.instructions = withSchema(instructionsOf(request), model, this.schema);
  }

  /** All that the call has used, its failed requests included. */
  get usage(): Usage {
    return this.#usage;
  }

  count(usage: Partial<Usage>): void {
    this.#usage = addUsage(this.#usage, usage);
  }
}

/** Servers that imitate OpenAI may take a schema without holding the model to it. */
function withSchema(
  instructions: string | undefined,
  { provider }: ResolvedModel,
  schema: JsonSchema | undefined,
): string | undefined {
  if (schema === undefined || (provider !== "openai-compatible" && provider !== "ollama")) return instructions;
  const added = schemaInstructions(schema);
  return instructions === undefined ? added : `${instructions}\n\n${added}`;
}
