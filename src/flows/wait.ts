import type { Duration } from "../core/durations.ts";
import { shown } from "../core/shown.ts";
import { MisuseError } from "./errors.ts";
import { checkOptions, isOptions, readDuration } from "./option-checks.ts";
import { normalizeSchema, type SchemaLike, type SchemaOutput } from "./schema.ts";
import { requireFlowScope, requireName } from "./scope.ts";

export interface WaitOptions<S extends SchemaLike | undefined = undefined, Default = never> {
  name: string;
  /** What the person is asked. */
  question?: string;
  /** What an answer must look like: a zod schema or a JSON Schema. None: a plain go-ahead. */
  schema?: S;
  /** Deadline, counted from when the wait is asked; milliseconds or "2h". None: it stays open. */
  timeout?: Duration;
  /** What the deadline does: fail the wait (the default), or answer it with a value. */
  onTimeout?: "fail" | { value: Default };
  /** Shown with the question. */
  metadata?: Record<string, unknown>;
}

/**
 * Pauses the execution until someone answers. It costs no memory while it waits, for however long.
 *
 * @example
 * const approved = await wait({ name: "approve", question: "Publish it?", schema: z.boolean() });
 * @throws WaitAborted when someone aborts it
 * @throws WaitExpired at the deadline, unless `onTimeout` gives a value
 */
export function wait<const S extends SchemaLike | undefined = undefined, Default = never>(
  options: WaitOptions<S, Default>,
): Promise<(S extends undefined ? unknown : SchemaOutput<S>) | Default> {
  const { runtime, path } = requireFlowScope(
    "wait",
    "a checkpoint cannot wait for a person; wait in the flow, before or after it",
  );
  const what = isOptions(options) ? `wait ${requireName("wait", options.name)}` : "wait";
  checkOptions<WaitOptions>(what, options, ["name", "question", "schema", "timeout", "onTimeout", "metadata"]);
  const { name, question, schema, timeout, onTimeout = "fail", metadata } = options;
  if (onTimeout !== "fail" && (typeof onTimeout !== "object" || onTimeout === null || !("value" in onTimeout))) {
    throw new MisuseError(`${what}: onTimeout must be "fail" or { value: … }; it is ${shown(onTimeout)}`);
  }
  if (question !== undefined && typeof question !== "string") {
    throw new MisuseError(`${what}: the question must be a text; it is ${shown(question)}`);
  }
  if (metadata !== undefined && !isOptions(metadata)) {
    throw new MisuseError(`${what}: metadata must be an object; it is ${shown(metadata)}`);
  }
  const answer = runtime.wait({
    name,
    scope: path,
    question: question ?? null,
    schema: schema === undefined ? null : normalizeSchema(schema, `${what}: schema`),
    timeoutMs: timeout === undefined ? null : readDuration(`${what}: timeout`, timeout),
    onTimeout,
    metadata: metadata ?? null,
    warnBeforeMs: null,
  });
  return answer.then(({ value }) => value) as Promise<(S extends undefined ? unknown : SchemaOutput<S>) | Default>;
}
