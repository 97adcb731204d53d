import { z } from "zod";
import { UserError } from "../core/errors.ts";
import { executionStatuses } from "../core/statuses.ts";
import { callText } from "./display.ts";
import { executionSchema, executionShown } from "./execution-schema.ts";
import { executionView } from "./execution-view.ts";
import { defineOperation, reading } from "./operation.ts";

export const executionsLatest = defineOperation({
  name: "executions_latest",
  title: "Look at the newest execution",
  description:
    "Shows the newest execution that fits, in full: status, result or failure, pending waits, checkpoints with outputs, settled waits. " +
    "Use it instead of executions_list and executions_get when the last run of a workflow is meant. Follow `next`.",
  input: z.strictObject({
    workflow: z.string().min(1).optional().describe("Name of the workflow."),
    status: z.enum(executionStatuses).optional(),
    stack: z.string().min(1).optional(),
  }),
  output: executionSchema,
  outputShown: executionShown,
  annotations: reading,
  example: { workflow: "review" },
  async handler({ app }, filters) {
    const { items } = await app.listings.executions({ ...filters, limit: 1 });
    const newest = items[0] && app.store.executions.get(items[0].seq);
    if (newest !== undefined) return executionView(app, newest, "full");
    const asked = Object.entries(filters).map(([field, value]) => `${field} ${JSON.stringify(value)}`);
    const what = asked.length === 0 ? "" : ` with ${asked.join(" and ")}`;
    throw new UserError("not_found", `there is no execution${what}`, {
      hint: `${callText("executions_list", {})} shows what there is; executions_run starts one.`,
    });
  },
});
