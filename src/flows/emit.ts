import { MisuseError } from "./errors.ts";
import { requireScope } from "./scope.ts";

/** Puts an event of the workflow's own on the timeline: once, with the end of the checkpoint that emits it. */
export function emit(event: string, data: unknown): void {
  const { runtime, checkpoint } = requireScope("emit()");
  if (checkpoint === undefined) throw new MisuseError("emit() was called in the flow body: call it in a checkpoint");
  runtime.emit(event, data, checkpoint);
}
