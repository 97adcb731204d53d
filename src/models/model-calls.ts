import { z } from "zod";
import type { Clock } from "../core/clock.ts";
import { UserError } from "../core/errors.ts";
import { compileJsonSchema } from "../core/json-schema.ts";
import type { ModelAnswer, ModelRequest } from "../core/model-call.ts";
import { ModelError } from "../core/model-error.ts";
import type { Workplace } from "../core/workplace.ts";
import type { Store } from "../store/store.ts";
import { Call, type CallServices, type StartSpan } from "./call.ts";
import { converse } from "./conversation.ts";
import type { ResolvedModel } from "./model.ts";
import { patientFetch, withoutRedirects } from "./patient-fetch.ts";
import { specText } from "./spec.ts";
import type { CallTool } from "./tool-calls.ts";

export interface ModelCallsOptions {
  store: Pick<Store, "modelCalls">;
  clock: Clock;
  /** @throws ModelError */
  resolve(asked: string | undefined, workplace: Workplace): ResolvedModel;
  /** Where OLLAMA_TIMEOUT_SECONDS is looked for. */
  env: NodeJS.ProcessEnv;
  startSpan?: StartSpan | undefined;
  heartbeatMs?: number;
  fetch?: typeof globalThis.fetch;
}

/** Calls models for checkpoints: under their budgets, with every request on the record. */
export interface ModelCaller {
  /** @throws ModelError, GuardrailExceeded, or the reason of the workplace's signal */
  call(request: ModelRequest, workplace: Workplace, callTool: CallTool): Promise<ModelAnswer>;
}

/** @throws UserError `invalid_input` where OLLAMA_TIMEOUT_SECONDS is no number of seconds */
export function createModelCalls(options: ModelCallsOptions): ModelCaller {
  const { store, clock, resolve, env, startSpan, heartbeatMs = 15_000, fetch = patientFetch } = options;
  const ollamaMs = ollamaTimeoutMs(env);
  const services: CallServices = {
    store,
    clock,
    startSpan,
    heartbeatMs,
    fetch: withoutRedirects(fetch),
    silenceMs: ({ provider }) => (provider === "ollama" ? ollamaMs : 600_000),
    withoutSchemas: new Set(),
  };
  return {
    async call(request, workplace, callTool) {
      workplace.signal.throwIfAborted();
      checkSchemas(request);
      const model = resolve(request.model, workplace);
      workplace.describe({ model: specText(model), model_chosen_by: model.why });
      refuseUnknownPrice(model, workplace);
      return await converse(new Call(services, model, request, workplace), callTool);
    },
  };
}

const seconds = z.coerce.number().positive().max(86_400).default(300);

function ollamaTimeoutMs(env: NodeJS.ProcessEnv): number {
  const parsed = seconds.safeParse(env["OLLAMA_TIMEOUT_SECONDS"] || undefined);
  if (parsed.success) return parsed.data * 1_000;
  throw new UserError("invalid_input", "OLLAMA_TIMEOUT_SECONDS must be a number of seconds, 86,400 at most", {
    hint: "It says how long Ollama may keep silent; leave it out for 300.",
  });
}

/** What is wrong with a schema is told before anything is paid for. @throws UserError `invalid_input` */
function checkSchemas({ outputSchema, tools }: ModelRequest): void {
  const schemas = tools.map(({ inputSchema }) => inputSchema);
  for (const schema of outputSchema === undefined ? schemas : [outputSchema, ...schemas]) compileJsonSchema(schema);
}

/** A limit on costs that nobody can count would be none. */
function refuseUnknownPrice(model: ResolvedModel, { budget }: Workplace): void {
  if (model.price !== undefined || budget.room().costUsd === Number.POSITIVE_INFINITY) return;
  const name = specText(model);
  throw new ModelError("price_unknown", `max_cost_usd cannot hold: the price of ${name} is not known`, {
    hint: `Say it in savepoint.config.json, in dollars for a million tokens: "models": { "prices": { "${name}": { "input": 1, "output": 2 } } }.`,
  });
}
