import type { ModelMessage } from "../core/model-call.ts";
import { shown } from "../core/shown.ts";
import { addUsage, noUsage, type Usage } from "../core/usage.ts";
import { CheckpointFailed, MisuseError } from "./errors.ts";
import { checkFanOut, forEachItem } from "./fan-out.ts";
import { askHere, type LlmOptions, llmCheckpoint, readLlm } from "./llm.ts";
import { readMessages } from "./model-messages.ts";
import { checkOptions, isOptions } from "./option-checks.ts";
import type { CheckpointOptions } from "./options.ts";
import type { Scope } from "./runtime.ts";
import type { SchemaLike, SchemaOutput } from "./schema.ts";
import { placeIn, requireFlowScope, requireName } from "./scope.ts";

/** What a row of a batch came to. */
export type BatchRow<Row, Output> = { index: number; row: Row } & (
  | { status: "completed"; output: Output; error: null; usage: Usage; latencyMs: number }
  | { status: "failed"; output: null; error: { code: string; message: string }; usage: null; latencyMs: null }
);

/** Told how a batch gets on. Each is a checkpoint: it is called once, also when the execution wakes or crashes. */
export interface BatchHooks<Row = unknown, Output = unknown> {
  onStart?(batch: { name: string; total: number; concurrency: number }): unknown;
  onRowSuccess?(row: Extract<BatchRow<Row, Output>, { status: "completed" }>): unknown;
  onRowError?(row: Extract<BatchRow<Row, Output>, { status: "failed" }>): unknown;
  onEnd?(batch: { name: string; total: number; completed: number; failed: number; usage: Usage }): unknown;
}

export interface BatchOptions<Row, Output extends SchemaLike = SchemaLike> extends Omit<LlmOptions<Output>, "name"> {
  /** What is asked about a row: a text with `{{column}}` in it, or a function of the row. */
  prompt: string | ((row: Row, index: number) => string | readonly ModelMessage[]);
  /** Name of the rows' checkpoints. Default "batch". */
  name?: string;
  /** How many rows at a time. Default 3. */
  concurrency?: number;
  hooks?: BatchHooks<Row, Output extends SchemaLike ? SchemaOutput<Output> : string>;
}

const usualConcurrency = 3;
const mostColumns = 30;

/**
 * Asks a model about each row. Every row is a checkpoint: after a crash in row 900 none of the others is asked again,
 * and a row that fails fails no other.
 *
 * @example
 * const rows = await batchLlm(reviews, { prompt: "Sentiment of: {{text}}", output: z.object({ score: z.number() }) });
 */
export async function batchLlm<Row, const Output extends SchemaLike | undefined = undefined>(
  rows: readonly Row[],
  options: BatchOptions<Row> & { output?: Output },
): Promise<BatchRow<Row, Output extends SchemaLike ? SchemaOutput<Output> : string>[]> {
  const scope = requireFlowScope("batchLlm()", "its rows are checkpoints; call it from the flow");
  const batch = readBatch(rows, options);
  const { name, concurrency, hooks } = batch;
  await callHook(scope, `${name}.start`, name, hooks.onStart, { name, total: rows.length, concurrency });
  const results = await forEachItem(rows, { concurrency }, (row, index) => runRow(scope, batch, row, index));
  const completed = results.filter(({ status }) => status === "completed").length;
  const usage = sumOf(results.flatMap((row) => (row.usage === null ? [] : [row.usage])));
  const end = { name, total: rows.length, completed, failed: rows.length - completed, usage };
  await callHook(scope, `${name}.end`, name, hooks.onEnd, end);
  return results as never;
}

/** Several as one: each is called in turn. */
export function composeHooks<Row, Output>(
  ...hooks: readonly (BatchHooks<Row, Output> | undefined)[]
): BatchHooks<Row, Output> {
  const each = <Name extends keyof BatchHooks>(name: Name) => ({
    [name]: async (told: never) => {
      for (const one of hooks) await (one?.[name] as ((told: never) => unknown) | undefined)?.call(one, told);
    },
  });
  const names = ["onStart", "onRowSuccess", "onRowError", "onEnd"] as const;
  const used = names.filter((name) => hooks.some((one) => one?.[name] !== undefined));
  return Object.assign({}, ...used.map(each)) as BatchHooks<Row, Output>;
}

interface Batch<Row> {
  name: string;
  concurrency: number;
  prompt: BatchOptions<Row>["prompt"];
  hooks: BatchHooks<Row, unknown>;
  /** What is asked about every row, but for the messages. */
  call: ReturnType<typeof readLlm>;
  options: CheckpointOptions;
}

function readBatch<Row>(rows: readonly Row[], options: BatchOptions<Row>): Batch<Row> {
  if (!isOptions(options)) throw new MisuseError(`batchLlm: the options must be an object; it is ${shown(options)}`);
  const { prompt, name = "batch", concurrency = usualConcurrency, hooks = {}, ...llm } = options;
  requireName("batch", name);
  const what = `batchLlm ${name}`;
  checkFanOut(what, [rows], { concurrency });
  checkOptions<BatchHooks>(`${what}: hooks`, hooks, ["onStart", "onRowSuccess", "onRowError", "onEnd"]);
  for (const [hook, fn] of Object.entries(hooks)) {
    if (fn === undefined || typeof fn === "function") continue;
    throw new MisuseError(`${what}: hooks.${hook} must be a function; it is ${shown(fn)}`);
  }
  if (typeof prompt !== "function" && (typeof prompt !== "string" || prompt.trim() === "")) {
    throw new MisuseError(`${what}: prompt must be a text or a function of a row; it is ${shown(prompt)}`);
  }
  if (typeof prompt === "string" && prompt.search(columnNames) < 0) {
    throw new MisuseError(
      `${what}: prompt says nothing of the row: put {{column}} in it ({{row}} for all of a row), or pass a function of the row`,
    );
  }
  // Once for all rows: a schema that is read for each of thousands takes its time at every wake.
  const call = readLlm(what, "-", llm);
  const checkpoint = llmCheckpoint(what, llm);
  return { name, concurrency, prompt, hooks: hooks as BatchHooks<Row, unknown>, call, options: checkpoint };
}

async function runRow<Row>(scope: Scope, batch: Batch<Row>, row: Row, index: number) {
  const { name, hooks, options } = batch;
  const place = `${name}[${index}]`;
  let result: BatchRow<Row, unknown>;
  try {
    const messages = readMessages(`batchLlm ${place}`, promptOf(batch.prompt, row, index));
    const call = { ...batch.call, request: { ...batch.call.request, messages } };
    const asked = answered(
      await scope.runtime.checkpoint({
        name,
        scope: placeIn(scope.path, place),
        args: [call.request],
        fn: async () => {
          const begun = performance.now();
          const { value, answer } = await askHere(call);
          return { output: value, usage: answer.usage, latencyMs: Math.round(performance.now() - begun) };
        },
        options,
      }),
    );
    result = { index, row, status: "completed", error: null, ...asked };
  } catch (error) {
    result = { index, row, status: "failed", output: null, error: errorOf(error), usage: null, latencyMs: null };
  }
  if (result.status === "completed") await callHook(scope, `${name}.success`, place, hooks.onRowSuccess, result);
  else await callHook(scope, `${name}.error`, place, hooks.onRowError, result);
  return result;
}

/** What a replay was told to take may be the output alone, or the row as it is shown. */
function answered(value: unknown): { output: unknown; usage: Usage; latencyMs: number } {
  const {
    output = value,
    usage = noUsage,
    latencyMs = 0,
  } = isOptions(value) ? (value as Partial<{ output: unknown; usage: Usage; latencyMs: number }>) : {};
  return { output, usage: usage ?? noUsage, latencyMs: latencyMs ?? 0 };
}

const columnNames = /\{\{\s*([\w.-]+)\s*\}\}/g;

/** @throws MisuseError where a row lacks what the prompt asks for: a row of its own fails with it */
function promptOf<Row>(prompt: BatchOptions<Row>["prompt"], row: Row, index: number): string | readonly ModelMessage[] {
  if (typeof prompt === "function") return prompt(row, index);
  return prompt.replaceAll(columnNames, (_, column: string) => {
    const value = typeof row === "object" && row !== null ? Reflect.get(row, column) : undefined;
    if (value !== undefined && Object.hasOwn(row as object, column)) return textOf(value);
    if (column === "row" || column === "item") return textOf(row);
    const columns = isOptions(row) ? Object.keys(row).slice(0, mostColumns).join(", ") : "";
    throw new MisuseError(
      `the row has no column ${JSON.stringify(column)}${columns === "" ? "; {{row}} is all of it" : `; it has ${columns}`}`,
    );
  });
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function errorOf(error: unknown): { code: string; message: string } {
  if (error instanceof CheckpointFailed) {
    return { code: error.code, message: error.cause instanceof Error ? error.cause.message : error.message };
  }
  if (error instanceof MisuseError) return { code: "misuse", message: error.message };
  throw error;
}

async function callHook<Told>(
  { runtime, path }: Scope,
  name: string,
  place: string,
  hook: ((told: Told) => unknown) | undefined,
  told: Told,
): Promise<void> {
  if (hook === undefined) return;
  const fn = async () => void (await hook(told));
  await runtime.checkpoint({ name, scope: placeIn(path, place), args: [], fn, options: { type: "hook" } });
}

function sumOf(usages: readonly Usage[]): Usage {
  return usages.reduce((sum, usage) => addUsage(sum, usage), noUsage);
}
