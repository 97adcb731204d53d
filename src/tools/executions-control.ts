import { z } from "zod";
import { executionSchema, executionShown } from "./execution-schema.ts";
import { executionView } from "./execution-view.ts";
import { executionId } from "./fields.ts";
import { defineOperation } from "./operation.ts";

const input = z.strictObject({ execution_id: executionId() });
const shared = { input, output: executionSchema, outputShown: executionShown, example: { execution_id: "0199a3f2" } };

export const executionsRetry = defineOperation({
  ...shared,
  name: "executions_retry",
  title: "Retry a failed execution",
  description:
    "Runs a failed execution again under the same id: completed checkpoints keep their outputs, what failed is tried again. " +
    "Use it when the cause lies outside the code (a service was down). When the code or the input must change, use executions_replay. Then executions_get with wait_seconds.",
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  async handler(context, { execution_id: id }) {
    const retried = await context.app.engine.retry(id);
    context.app.stack.ensureWorker();
    return executionView(context.app, retried);
  },
});

export const executionsCancel = defineOperation({
  ...shared,
  name: "executions_cancel",
  title: "Cancel an execution",
  description:
    "Ends an execution that has not ended: running checkpoints are told to stop, pending waits are closed, what it recorded stays. " +
    "It cannot be resumed, only replayed. Cancelling twice changes nothing.",
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  async handler(context, { execution_id: id }) {
    return executionView(context.app, await context.app.engine.cancel(id));
  },
});
