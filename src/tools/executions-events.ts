import { z } from "zod";
import { UserError } from "../core/errors.ts";
import { readCursor, writeCursor } from "./cursors.ts";
import { eventSchema, eventViewer } from "./event-view.ts";
import { cursor, executionId, limit, listOf, listShown } from "./fields.ts";
import { defineOperation, reading } from "./operation.ts";

const listing = "events";

export const executionsEvents = defineOperation({
  name: "executions_events",
  title: "Read an execution's timeline",
  description:
    "What happened to an execution, oldest first: its start, checkpoints and their attempts, waits and answers, sleeps, artifacts, pauses, retries, its end. " +
    "after_id continues behind an event that is known already. Use it to see in which order things went; for printed text, executions_logs.",
  input: z.strictObject({
    execution_id: executionId(),
    after_id: z.number().int().min(0).optional().describe("Only events after the one with this event_id."),
    limit: limit(50),
    cursor: cursor(),
  }),
  output: listOf(eventSchema),
  outputShown: listShown(),
  annotations: reading,
  example: { execution_id: "0199a3f2", after_id: 120 },
  async handler({ app }, { execution_id: id, after_id: after, limit: most, cursor: from }) {
    if (after !== undefined && from !== undefined) {
      throw new UserError("invalid_input", "after_id and cursor exclude each other: both say where to go on", {
        hint: "Pass the cursor of the page before, or the event_id of the last event that you know.",
      });
    }
    const execution = app.findExecution(id);
    const afterId = after ?? readCursor(listing, from)?.[0];
    const page = await app.listings.events({ executionSeq: execution.seq, afterId, limit: most });
    const last = page.items.at(-1);
    return {
      items: page.items.map(eventViewer(app, execution)),
      next_cursor: page.hasMore && last !== undefined ? writeCursor(listing, [last.id]) : null,
      total: page.total,
      total_is_exact: page.totalIsExact,
    };
  },
});
