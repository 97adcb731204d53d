import { z } from "zod";
import { refuseForeign } from "./agent-family.ts";
import { executionSchema, executionShown } from "./execution-schema.ts";
import { executionView } from "./execution-view.ts";
import { executionId } from "./fields.ts";
import { guardrails, limitsOf } from "./guardrails-input.ts";
import { defineOperation } from "./operation.ts";

const input = z.strictObject({ execution_id: executionId() });
/** Changes what an execution does next, and may be undone. */
const steering = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false };
const shared = { input, output: executionSchema, outputShown: executionShown, example: { execution_id: "0199a3f2" } };

export const executionsRetry = defineOperation({
  ...shared,
  name: "executions_retry",
  title: "Retry a failed execution",
  description:
    "Runs a failed execution again under the same id: completed checkpoints keep their outputs, what failed is tried again. " +
    "Use it when the cause lies outside the code (a service was down, a limit was too low: guardrails raises it). When the code or the input must change, use executions_replay. Then executions_get with wait_seconds.",
  input: z.strictObject({ execution_id: executionId(), guardrails: guardrails() }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  async handler(context, { execution_id: id, guardrails: given }) {
    refuseForeign(context.app, context.app.findExecution(id), "retried");
    const retried = await context.app.engine.retry(id, { limits: limitsOf(given) });
    context.app.stack.ensureWorker({ isAsked: true });
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

export const executionsPause = defineOperation({
  ...shared,
  name: "executions_pause",
  title: "Pause an execution",
  description:
    "Holds an execution without ending it: at once when it is queued or waits, else before its next checkpoint begins. " +
    "What runs is finished and kept; answers are still taken. executions_resume lets it go on.",
  annotations: steering,
  async handler(context, { execution_id: id }) {
    return executionView(context.app, await context.app.engine.pause(id));
  },
});

export const executionsResume = defineOperation({
  ...shared,
  name: "executions_resume",
  title: "Resume a paused execution",
  description:
    "Lets a paused execution go on where it was held, or takes back a pause that has not taken effect yet. " +
    "For one that failed use executions_retry. Then executions_get with wait_seconds.",
  annotations: { ...steering, openWorldHint: true },
  async handler(context, { execution_id: id }) {
    const resumed = await context.app.engine.resume(id);
    context.app.stack.ensureWorker({ isAsked: true });
    return executionView(context.app, resumed);
  },
});

export const executionsAbortWait = defineOperation({
  ...shared,
  name: "executions_abort_wait",
  title: "Abort a wait",
  description:
    "Closes a pending wait without an answer: the workflow is told that it was aborted and decides what that means, often by failing. " +
    "Use it when nobody can or should answer; to answer, use executions_input; to end everything, executions_cancel. Then executions_get with wait_seconds.",
  input: z.strictObject({
    execution_id: executionId(),
    wait: z.string().min(1).optional().describe("Name or wait_id; needed when several are pending."),
    reason: z.string().min(1).max(1_000).optional().describe("Why; the workflow and its failure show it."),
  }),
  example: { execution_id: "0199a3f2", wait: "approve", reason: "The reviewer is away." },
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  async handler(context, { execution_id: id, wait, reason }) {
    const aborted = await context.app.engine.abortWait(id, { wait, reason });
    context.app.stack.ensureWorker({ isAsked: true });
    return executionView(context.app, aborted);
  },
});
