import { MisuseError } from "./errors.ts";
import type { ProgressReport } from "./runtime.ts";
import { requireScope } from "./scope.ts";

/**
 * Records structured facts: on the checkpoint inside one, else on the execution. Of a repeated key objects merge and
 * of other values the last wins. (For lines of text use `console.log`.)
 */
export function log(fields: Record<string, unknown>): void {
  const { runtime, checkpoint } = requireScope("log()");
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new MisuseError("log() takes an object of fields, for example log({ pages: 3 }); use console.log for text");
  }
  runtime.log(fields, checkpoint);
}

/** Says how far the work is; shown with the execution while it runs. */
export function progress(report: ProgressReport): void {
  const { runtime, checkpoint } = requireScope("progress()");
  runtime.progress(report, checkpoint);
}
