import { messageOf } from "../core/errors.ts";
import type { CallContext } from "./operation.ts";

/** Sees to it that a worker lives. What is on the record stays there when none can be started. */
export function ensureWorker({ app, onProblem }: CallContext): void {
  try {
    app.stack.ensureWorker();
  } catch (error) {
    onProblem(`no worker could be started: ${messageOf(error)}`, error);
  }
}
