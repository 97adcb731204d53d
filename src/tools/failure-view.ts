import type { App } from "../app.ts";
import type { Failure } from "../core/statuses.ts";
import { cut, withoutRoot } from "./display.ts";
import type { FailureView } from "./execution-schema.ts";

const longestMessage = 4_000;

export function failureView(app: App, failure: Failure, detail: "concise" | "full"): FailureView {
  const { code, message, origin, checkpoint, hint, stack } = failure;
  return {
    code,
    message: cut(withoutRoot(app, message), longestMessage),
    origin,
    checkpoint: checkpoint ?? null,
    hint: hint === undefined ? null : withoutRoot(app, hint),
    ...(detail === "full" && stack !== undefined && { stack: withoutRoot(app, stack) }),
  };
}
