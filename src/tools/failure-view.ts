import type { App } from "../app.ts";
import type { Failure } from "../core/statuses.ts";
import { cut, shownText } from "./display.ts";
import type { FailureView } from "./execution-schema.ts";

const longestMessage = 4_000;

export function failureView(app: App, failure: Failure, detail: "concise" | "full"): FailureView {
  const { code, message, origin, checkpoint, hint, guardrail, stack } = failure;
  return {
    code,
    message: cut(shownText(app, message), longestMessage),
    origin,
    checkpoint: checkpoint ?? null,
    hint: hint === undefined ? null : shownText(app, hint),
    ...(guardrail !== undefined && { guardrail }),
    ...(detail === "full" && stack !== undefined && { stack: projectFrames(app, stack) }),
  };
}

/** The message, and the frames that lie in the project: where Savepoint is installed is nobody's business. */
function projectFrames(app: App, stack: string): string {
  const lines = shownText(app, stack).split("\n");
  return lines.filter((line) => !/^\s+at .*?(\(|at |async )(node:|file:|\/|[A-Za-z]:\\)/.test(line)).join("\n");
}
