import { z } from "zod";
import { executionOutline, executionSchema } from "./execution-schema.ts";
import { executionId, waitSeconds } from "./fields.ts";
import { defineOperation, reading } from "./operation.ts";
import { watchedView } from "./watching.ts";

export const executionsGet = defineOperation({
  name: "executions_get",
  title: "Look at an execution",
  description:
    "Shows one execution: status, result or failure, pending waits, checkpoints, and in `next` the call that makes sense now. " +
    "With wait_seconds it waits until the execution ends or asks something. detail full adds outputs, attempts, stacks, input, settled waits and sleeps.",
  input: z.strictObject({
    execution_id: executionId(),
    wait_seconds: waitSeconds(0),
    detail: z.enum(["concise", "full"]).default("concise").describe("How much of each checkpoint to show."),
  }),
  output: executionSchema,
  outputShown: executionOutline,
  annotations: reading,
  example: { execution_id: "0199a3f2", wait_seconds: 30 },
  async handler(context, { execution_id: id, wait_seconds: seconds, detail }) {
    return watchedView(context, context.app.findExecution(id), { seconds, detail });
  },
});
