import { z } from "zod";
import type { PendingWait } from "./app-types.ts";
import { readCursor, writeCursor } from "./cursors.ts";
import { pendingWaitSchema } from "./execution-schema.ts";
import { cursor, limit, listOf, listShown } from "./fields.ts";
import { defineOperation, reading } from "./operation.ts";
import { pendingWaitView } from "./wait-view.ts";

const listing = "waits";

export const executionsWaits = defineOperation({
  name: "executions_waits",
  title: "List pending waits",
  description:
    "The inbox: every question that an execution has asked and nobody has answered, newest executions first, with the schema of the answer. " +
    "Answer one with executions_input, with its execution_id and its wait_id as wait.",
  input: z.strictObject({
    workflow: z.string().min(1).optional().describe("Only waits of this workflow."),
    execution_id: z.string().min(1).optional().describe("Only waits of this execution."),
    limit: limit(),
    cursor: cursor(),
  }),
  output: listOf(z.object({ execution_id: z.string(), workflow: z.string(), ...pendingWaitSchema.shape })),
  outputShown: listShown(),
  annotations: reading,
  example: { workflow: "review" },
  async handler({ app }, { workflow, execution_id: id, limit: most, cursor: from }) {
    const [executionSeq, ordinal = 0] = readCursor(listing, from) ?? [];
    const page = await app.listings.waits({
      workflow,
      executionSeq: id === undefined ? undefined : app.findExecution(id).seq,
      after: executionSeq === undefined ? undefined : { executionSeq, ordinal },
      limit: most,
    });
    const last = page.items.at(-1);
    return {
      items: page.items.map(view),
      next_cursor: page.hasMore && last ? writeCursor(listing, [last.executionSeq, last.ordinal]) : null,
      total: page.total,
      total_is_exact: page.totalIsExact,
    };
  },
});

function view(wait: PendingWait) {
  return {
    execution_id: wait.executionId,
    workflow: wait.workflow,
    ...pendingWaitView(wait.id, wait.place, wait),
  };
}
