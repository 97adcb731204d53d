import { shown } from "../core/shown.ts";
import { MisuseError } from "./errors.ts";
import { checkOptions, isOptions } from "./option-checks.ts";
import type { ProgressReport } from "./runtime.ts";
import { requireScope } from "./scope.ts";

/**
 * Records structured facts: on the checkpoint inside one, else on the execution. Of a repeated key objects merge and
 * of other values the last wins. (For lines of text use `console.log`.)
 */
export function log(fields: Record<string, unknown>): void {
  const { runtime, checkpoint } = requireScope("log()");
  if (!isOptions(fields)) {
    throw new MisuseError("log() takes an object of fields, for example log({ pages: 3 }); use console.log for text");
  }
  runtime.log(fields, checkpoint);
}

/** Says how far the work is; shown with the execution while it runs. */
export function progress(report: ProgressReport): void {
  const { runtime, checkpoint } = requireScope("progress()");
  checkReport("progress()", report);
  runtime.progress(report, checkpoint);
}

function checkReport(what: string, report: ProgressReport): void {
  checkOptions<ProgressReport>(what, report, ["stage", "current", "total"]);
  const { stage, current, total } = report;
  if (stage !== undefined && typeof stage !== "string") {
    throw new MisuseError(`${what}: stage must be a text; it is ${shown(stage)}`);
  }
  for (const [name, value] of Object.entries({ current, total })) {
    if (value === undefined || Number.isFinite(value)) continue;
    throw new MisuseError(`${what}: ${name} must be a number; it is ${shown(value)}`);
  }
}
