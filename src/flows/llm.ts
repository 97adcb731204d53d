import type { Duration } from "../core/durations.ts";
import type { ModelMessage, ModelRequest } from "../core/model-call.ts";
import { isTransient, ModelError } from "../core/model-error.ts";
import { shown } from "../core/shown.ts";
import { readAttempts } from "./attempts.ts";
import { AttemptTimedOut, MisuseError } from "./errors.ts";
import { type Guardrails, readGuardrails } from "./guardrails.ts";
import { readMessages } from "./model-messages.ts";
import { type ModelTool, type ReadTool, readTools } from "./model-tools.ts";
import { readModel } from "./models.ts";
import { checkCount, checkOptions, checkText, isOptions } from "./option-checks.ts";
import { type CheckpointOptions, checkCache } from "./options.ts";
import { type FlowRuntime, type ModelCall, scopeStorage } from "./runtime.ts";
import { type NormalSchema, normalizeSchema, type SchemaLike, type SchemaOutput } from "./schema.ts";
import { requireName, requireScope } from "./scope.ts";

export interface LlmOptions<Output extends SchemaLike = SchemaLike> {
  /** An alias of `savepoint models`, or "provider:model". Default: what the run, the flow or the default alias says. */
  model?: string;
  system?: string;
  /** 0 to 2, for models that take one. */
  temperature?: number;
  /** Most tokens of an answer. Default 4,096, or less where a budget leaves less. */
  maxTokens?: number;
  /** What the answer must be: it is asked for as JSON, and checked. Default: text. */
  output?: Output;
  /** Name of the checkpoint. Default "llm". */
  name?: string;
  /** What the model may call. */
  tools?: Record<string, ModelTool>;
  /** Most answers of the model, where it calls tools in between. Default 10. */
  maxTurns?: number;
  /**
   * As of checkpoints; without a `retryOn` of its own only what may end otherwise is tried again: a provider that is
   * busy or cannot be reached, and an attempt that ran out of time. Default: five further attempts.
   */
  retries?: CheckpointOptions["retries"];
  timeout?: Duration;
  cache?: boolean;
  guardrails?: Guardrails;
}

export type { MessagePart, ModelMessage } from "../core/model-call.ts";

const usualTurns = 10;
/** Providers that are busy say how long to wait; this is for those that do not. */
const usualRetries = { max: 5, backoff: 2_000, maxDelay: 60_000, retryOn: mayEndOtherwise };

/**
 * Asks a language model. In the flow it is a checkpoint of its own, so that an answer that was paid for is never asked
 * for again; inside a checkpoint it is part of that one.
 *
 * @example
 * const title = await llm(`A title for: ${text}`, { name: "title", model: "fast" });
 * const facts = await llm("What is in it?", { output: z.object({ topics: z.array(z.string()) }) });
 * @throws CheckpointFailed in the flow, ModelError inside a checkpoint, when no attempt got an answer
 */
export async function llm<const Output extends SchemaLike | undefined = undefined>(
  prompt: string | readonly ModelMessage[],
  options: LlmOptions & { output?: Output } = {} as never,
): Promise<Output extends SchemaLike ? SchemaOutput<Output> : string> {
  const { runtime, checkpoint, path } = requireScope("llm()");
  if (!isOptions(options)) throw new MisuseError(`llm: the options must be an object; it is ${shown(options)}`);
  const name = options.name === undefined ? "llm" : requireName("model call", options.name);
  const call = readLlm(`llm ${name}`, prompt, options);
  if (checkpoint !== undefined) {
    refuseInside(`llm ${name}`, options);
    return (await runtime.askModel({ ...call, isWholeCheckpoint: false }, checkpoint)).value as never;
  }
  return runtime.checkpoint({
    name,
    scope: path,
    args: [call.request],
    fn: async () => (await askHere(call)).value,
    options: llmCheckpoint(`llm ${name}`, options),
  }) as never;
}

/** Asks within the checkpoint that is running, which does nothing else. */
export function askHere(call: Omit<ModelCall, "isWholeCheckpoint">): ReturnType<FlowRuntime["askModel"]> {
  const scope = scopeStorage.getStore();
  if (scope?.checkpoint === undefined) throw new Error("a model was asked outside a checkpoint");
  return scope.runtime.askModel({ ...call, isWholeCheckpoint: true }, scope.checkpoint);
}

/** What the checkpoint of a model call is given. @throws MisuseError */
export function llmCheckpoint(what: string, options: LlmOptions): CheckpointOptions {
  const { timeout, cache, guardrails } = options;
  const given: CheckpointOptions = {
    type: "llm_call",
    retries: retriesOf(options),
    ...(timeout === undefined ? {} : { timeout }),
    ...(cache === undefined ? {} : { cache }),
    ...(guardrails === undefined ? {} : { guardrails }),
  };
  readAttempts(what, given);
  checkCache(what, cache);
  readGuardrails(what, guardrails);
  return given;
}

function mayEndOtherwise(error: unknown): boolean {
  return isTransient(error) || error instanceof AttemptTimedOut;
}

/** What cannot end otherwise is not paid for again, unless the caller says so. */
function retriesOf({ retries = usualRetries }: LlmOptions): NonNullable<LlmOptions["retries"]> {
  if (typeof retries === "number") return { max: retries, retryOn: mayEndOtherwise };
  return isOptions(retries) ? { ...retries, retryOn: retries.retryOn ?? mayEndOtherwise } : retries;
}

const optionNames = [
  "model",
  "system",
  "temperature",
  "maxTokens",
  "output",
  "name",
  "tools",
  "maxTurns",
  "retries",
  "timeout",
  "cache",
  "guardrails",
] as const;

/** @throws MisuseError */
export function readLlm(
  what: string,
  prompt: string | readonly ModelMessage[],
  options: LlmOptions,
): Omit<ModelCall, "isWholeCheckpoint"> {
  checkOptions<LlmOptions>(what, options, optionNames);
  const { model, system, temperature, maxTokens, output, maxTurns = usualTurns } = options;
  checkText(`${what}: system`, system, 1_000_000);
  checkTemperature(what, temperature);
  if (maxTokens !== undefined) checkCount(`${what}: maxTokens`, maxTokens, 1);
  checkCount(`${what}: maxTurns`, maxTurns, 1);
  const tools = readTools(what, options.tools);
  const schema = output === undefined ? undefined : normalizeSchema(output, `${what}: output`);
  const request: ModelRequest = {
    model: model === undefined ? undefined : readModel(`${what}: model`, model),
    system,
    messages: readMessages(what, prompt),
    temperature,
    maxTokens,
    outputSchema: schema?.json,
    tools: tools.map(({ name, description, input }) => ({ name, description, inputSchema: input.json })),
    maxTurns,
  };
  return { request, callTool: callerOf(tools), parse: parserOf(schema) };
}

function checkTemperature(what: string, value: unknown): void {
  if (value === undefined || (typeof value === "number" && value >= 0 && value <= 2)) return;
  throw new MisuseError(`${what}: temperature must be a number from 0 to 2; it is ${shown(value)}`);
}

function callerOf(tools: readonly ReadTool[]): ModelCall["callTool"] {
  return async (name, input) => {
    const tool = tools.find((one) => one.name === name);
    if (tool === undefined) throw new Error(`there is no tool ${name}`);
    return tool.run(await tool.input.parse(input));
  };
}

/** What a schema's own rules refuse, and JSON Schema could not, is another answer's chance. */
function parserOf(schema: NormalSchema | undefined): ModelCall["parse"] {
  return async ({ text, output }) => {
    if (schema === undefined) return text;
    try {
      return await schema.parse(output);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ModelError("unfit_answer", `the model's answer does not fit: ${reason}`, {
        isTransient: true,
        cause: error,
      });
    }
  };
}

/** Attempts and limits belong to checkpoints. */
function refuseInside(what: string, options: LlmOptions): void {
  const given = (["retries", "timeout", "cache", "guardrails"] as const).find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw new MisuseError(`${what}: inside a checkpoint it has no ${given} of its own; give them to the checkpoint`);
}
