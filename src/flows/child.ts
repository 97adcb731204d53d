import { parseDuration } from "../core/durations.ts";
import { MisuseError } from "./errors.ts";
import type { Handle, RunOptions } from "./handles.ts";
import { requireFlowScope } from "./scope.ts";

/** What `run()` of a flow does inside another one. @throws MisuseError inside a checkpoint */
export function startChild(
  { name, definition, input }: { name: string; definition: object; input: unknown },
  { stack, tags = [], timeout, idempotencyKey }: RunOptions,
): Promise<Handle> {
  const runtime = requireFlowScope(
    `${name}.run()`,
    "a checkpoint starts no executions; call it from the flow, and pass what it gives to the checkpoint",
  );
  if (idempotencyKey !== undefined) {
    throw new MisuseError(`${name}.run(): a child is started once in any case; leave idempotencyKey out`);
  }
  const timeoutMs = timeout === undefined ? null : parseDuration(timeout, "ms", `${name}.run(): timeout`);
  return runtime.child({ name, definition, input, tags: [...tags], timeoutMs, stack });
}
