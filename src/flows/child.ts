import { MisuseError } from "./errors.ts";
import type { Handle, ReadRunOptions } from "./handles.ts";
import { requireFlowScope } from "./scope.ts";

/** What `run()` of a flow does inside another one. @throws MisuseError inside a checkpoint */
export function startChild(
  { name, definition, input }: { name: string; definition: object; input: unknown },
  { stack, tags = [], timeout, idempotencyKey, limits, models = {} }: ReadRunOptions,
): Promise<Handle> {
  const { runtime, path } = requireFlowScope(
    `${name}.run()`,
    "a checkpoint starts no executions; call it from the flow, and pass its result to the checkpoint",
  );
  if (idempotencyKey !== undefined) {
    throw new MisuseError(`${name}.run(): a child is started once in any case; leave idempotencyKey out`);
  }
  return runtime.child({
    name,
    scope: path,
    workflow: { definition },
    input,
    tags,
    timeoutMs: timeout ?? null,
    stack,
    limits,
    models,
  });
}
