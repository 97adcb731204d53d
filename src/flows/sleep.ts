import type { Duration } from "../core/durations.ts";
import { MisuseError } from "./errors.ts";
import { readDuration } from "./option-checks.ts";
import { requireFlowScope } from "./scope.ts";

/**
 * A durable timer: the end is on the record, so it holds across restarts and is served late rather than never.
 * @param duration milliseconds, `"90s"`, or the instant at which to go on
 */
export function sleep(duration: Duration | Date): Promise<void> {
  const { runtime, path } = requireFlowScope(
    "sleep",
    "sleep in the flow; inside a checkpoint use a plain timer and its signal",
  );
  if (duration instanceof Date) {
    if (Number.isNaN(duration.getTime())) throw new MisuseError("sleep: the date is not valid");
    return runtime.sleep({ scope: path, name: "sleep", until: { at: duration } });
  }
  return runtime.sleep({ scope: path, name: "sleep", until: { ms: readDuration("sleep", duration) } });
}
