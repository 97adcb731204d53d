import { type Duration, parseDuration } from "../core/durations.ts";
import { MisuseError } from "./errors.ts";
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
  const runtime = requireFlowScope(
    "wait",
    "a checkpoint cannot wait for a person; wait in the flow, before or after it",
  );
  const name = requireName("wait", options?.name);
  const { question, schema, timeout, onTimeout = "fail", metadata } = options;
  if (onTimeout !== "fail" && (typeof onTimeout !== "object" || onTimeout === null || !("value" in onTimeout))) {
    throw new MisuseError(`wait ${name}: onTimeout must be "fail" or { value: … }`);
  }
  if (question !== undefined && typeof question !== "string")
    throw new MisuseError(`wait ${name}: the question must be a text`);
  return runtime.wait({
    name,
    question: question ?? null,
    schema: schema === undefined ? null : normalizeSchema(schema, `wait ${name}: schema`),
    timeoutMs: timeout === undefined ? null : parseDuration(timeout, "ms", `wait ${name}: timeout`),
    onTimeout,
    metadata: metadata ?? null,
  }) as Promise<(S extends undefined ? unknown : SchemaOutput<S>) | Default>;
}
