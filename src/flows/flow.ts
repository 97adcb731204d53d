import type { AsyncLocalStorage } from "node:async_hooks";
import type { Duration } from "../core/durations.ts";
import type { Limits } from "../core/guardrails.ts";
import type { JsonSchema } from "../core/json-schema.ts";
import { shown } from "../core/shown.ts";
import { startChild } from "./child.ts";
import { MisuseError } from "./errors.ts";
import { type Guardrails, readGuardrails } from "./guardrails.ts";
import { type Handle, launcher, type ReplayOptions, type RunOptions } from "./handles.ts";
import { readModels } from "./models.ts";
import { checkBoolean, checkCount, checkOptions, readLimit } from "./option-checks.ts";
import { checkCache } from "./options.ts";
import { checkReplayOptions, readRunOptions } from "./run-options.ts";
import { scopeStorage } from "./runtime.ts";
import { checkSchema, type NormalSchema, normalizeSchema, type SchemaLike } from "./schema.ts";
import { requireName } from "./scope.ts";

export interface FlowOptions {
  /** What the input must look like: a zod schema or a JSON Schema. */
  input?: SchemaLike;
  description?: string;
  /** How often the whole execution is retried when it fails. Default 0. */
  retries?: number;
  /** Limit for the whole execution, waits included; milliseconds or "2h". */
  timeout?: Duration;
  /** Whether the checkpoints that it calls are cached where they do not say so themselves. Default false. */
  cache?: boolean;
  /**
   * Whether each of its executions runs in a process of its own, so that an endless loop, a native crash or too little
   * memory ends that execution only. Default false.
   */
  isolate?: boolean;
  /** What models and agents may use in each of its executions, and in those below. */
  guardrails?: Guardrails;
  /** Models for its steps: name of the step, or `*` for all, to an alias or "provider:model". */
  models?: Record<string, string>;
}

/** How the engine and the describer recognise a flow, whichever copy of this package made it. */
export const flowBrand = Symbol.for("savepoint.flow");
const declaredKey = Symbol.for("savepoint.declaredFlows");

export interface FlowDefinition {
  readonly name: string;
  readonly fn: (input: never) => unknown;
  readonly retries: number;
  readonly timeoutMs: number | null;
  readonly cache: boolean;
  readonly isolate: boolean;
  readonly limits: Limits | undefined;
  readonly models: Record<string, string>;
  readonly input: () => NormalSchema | null;
  /** Of a flow that interprets a definition: the step to which a checkpoint belongs, by its selector. */
  stepAt?(selector: string): string | undefined;
  describe(): { inputSchema: JsonSchema | null; options: Record<string, unknown> };
}

export interface Flow<Input, Result> {
  readonly flowName: string;
  readonly [flowBrand]: FlowDefinition;
  /**
   * Starts an execution and answers as soon as it is on the record. Inside a flow it starts a child, which is cancelled
   * with its parent, and for which the parent's end waits.
   */
  run(input: Input, options?: RunOptions): Promise<Handle<Result>>;
  /** Starts a new execution from the record of another. */
  replay(executionId: string, options?: ReplayOptions): Promise<Handle<Result>>;
}

/**
 * Makes an async function a durable workflow. Code outside checkpoints runs again whenever the execution wakes: keep
 * it free of effects.
 *
 * @example
 * export const review = flow("review", async ({ topic }: { topic: string }) => {
 *   const text = await draft(topic);
 *   return (await wait({ name: "approve", schema: z.boolean() })) ? text : "Rejected";
 * });
 */
export function flow<Input = undefined, Result = unknown>(
  name: string,
  fn: (input: Input) => Result | Promise<Result>,
  options: FlowOptions = {},
): Flow<Input, Awaited<Result>> {
  requireName("flow", name);
  if (typeof fn !== "function") throw new MisuseError(`flow ${name}: the second argument must be a function`);
  const file = callerFile();
  const definition = define(name, fn as (input: never) => unknown, options);
  const callable = () => {
    throw new MisuseError(`flow ${name} was called like a function: use ${name}.run(input) to start an execution`);
  };
  const made = Object.assign(callable, {
    flowName: name,
    [flowBrand]: definition,
    async run(input: Input, runOptions: RunOptions = {}) {
      const asked = readRunOptions(`${name}.run()`, runOptions);
      if (scopeStorage.getStore() !== undefined) {
        const limits = asked.limits === undefined ? definition.limits : { ...definition.limits, ...asked.limits };
        return startChild({ name, definition, input }, { ...asked, limits }) as Promise<Handle<Awaited<Result>>>;
      }
      return (await launcher()).run({ name, file }, input, asked) as Promise<Handle<Awaited<Result>>>;
    },
    async replay(executionId: string, replayOptions: ReplayOptions = {}) {
      refuseInside(name);
      checkReplayOptions(`${name}.replay()`, replayOptions);
      return (await launcher()).replay(executionId, replayOptions) as Promise<Handle<Awaited<Result>>>;
    },
  });
  declare(made);
  return made;
}

function define(name: string, fn: FlowDefinition["fn"], options: FlowOptions): FlowDefinition {
  const what = `flow ${name}`;
  const known = ["input", "description", "retries", "timeout", "cache", "isolate", "guardrails", "models"] as const;
  checkOptions<FlowOptions>(what, options, known);
  const { retries = 0, timeout, cache = false, isolate = false, description } = options;
  checkCount(`${what}: retries`, retries);
  checkCache(what, cache);
  checkBoolean(`${what}: isolate`, isolate);
  if (description !== undefined && typeof description !== "string") {
    throw new MisuseError(`${what}: description must be a text; it is ${shown(description)}`);
  }
  if (options.input !== undefined) checkSchema(options.input, `${what}: input`);
  const timeoutMs = timeout === undefined ? null : readLimit(`${what}: timeout`, timeout);
  const limits = readGuardrails(what, options.guardrails);
  const models = readModels(what, options.models);
  const input = () => (options.input === undefined ? null : normalizeSchema(options.input, `${what}: input`));
  return {
    name,
    fn,
    retries,
    timeoutMs,
    cache,
    isolate,
    limits,
    models,
    input,
    describe: () => ({
      inputSchema: input()?.json ?? null,
      options: { retries, timeoutMs, isolate, description, limits },
    }),
  };
}

function refuseInside(name: string): void {
  if (scopeStorage.getStore() === undefined) return;
  throw new MisuseError(`${name}.replay() was called inside an execution: start a child with ${name}.run() instead`);
}

/** Who loads a module learns here of the flows that it declares without exporting them. */
function declare(made: unknown): void {
  const shared = globalThis as unknown as Record<symbol, AsyncLocalStorage<unknown[]> | undefined>;
  shared[declaredKey]?.getStore()?.push(made);
}

/** The file that calls `flow()`: what a handle that starts it from a script must name. */
function callerFile(): string | undefined {
  const prepare = Error.prepareStackTrace;
  try {
    Error.prepareStackTrace = (_, frames) => frames;
    const frames = new Error().stack as unknown as NodeJS.CallSite[];
    return frames[2]?.getFileName() ?? undefined;
  } finally {
    Error.prepareStackTrace = prepare;
  }
}
