import { z } from "zod";
import type { App } from "../app.ts";
import { UserError } from "../core/errors.ts";
import { executionStatuses } from "../core/statuses.ts";
import type { ExecutionSummary } from "./app-types.ts";
import { readCursor, writeCursor } from "./cursors.ts";
import { cut, iso, isoOrNull, shownText } from "./display.ts";
import { cursor, limit, listOf, listShown } from "./fields.ts";
import { parseInstant } from "./instants.ts";
import { defineOperation, reading } from "./operation.ts";
import { overdueSince } from "./overdue.ts";

const listing = "executions";

const summary = z.object({
  execution_id: z.string(),
  workflow: z.string(),
  status: z.enum(executionStatuses),
  created_at: z.string(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  trigger: z.string(),
  stack: z.string(),
  tags: z.array(z.string()),
  attempt: z.number(),
  parent_execution_id: z.string().nullable(),
  replayed_from: z.string().nullable(),
  pending_waits: z.number(),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  blocked_reason: z.string().nullable(),
  overdue_since: z.string().nullable(),
});

export const executionsList = defineOperation({
  name: "executions_list",
  title: "List executions",
  description:
    "Lists executions, newest first, without their results. Filters combine. Use it to find an execution_id; then call executions_get. " +
    "For everything that waits for an answer, executions_waits is shorter.",
  input: z.strictObject({
    status: z.enum(executionStatuses).optional(),
    workflow: z.string().min(1).optional().describe("Name of the workflow."),
    stack: z.string().min(1).optional(),
    trigger: z
      .string()
      .min(1)
      .optional()
      .describe('What started it: "api", "manual", "replay", or "parent" (another flow).'),
    tags: z.array(z.string().min(1)).max(20).default([]).describe("Executions that have all of these."),
    replayed_from: z.string().min(1).optional().describe("Replays of this execution."),
    parent_execution_id: z
      .string()
      .min(1)
      .optional()
      .describe("Children of this execution; without it, executions that are nobody's child."),
    search: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe("Words of the workflow's name, tags, input or failure, or beginnings of them."),
    since: z
      .string()
      .min(1)
      .optional()
      .describe('Created since: "2026-11-05", "2026-11-05T10:00:00Z", or so long ago: "2h".'),
    until: z.string().min(1).optional().describe("Created until; written like since."),
    limit: limit(),
    cursor: cursor(),
  }),
  output: listOf(summary),
  outputShown: listShown(),
  annotations: reading,
  example: { status: "failed", since: "1d" },
  async handler({ app }, args) {
    const now = app.clock.now();
    const { replayed_from: source, parent_execution_id: parent, since, until, cursor: from, ...filters } = args;
    refuseEmptySearch(args.search);
    const page = await app.listings.executions({
      ...filters,
      parentSeq: parent === undefined ? undefined : app.findExecution(parent).seq,
      replayedFrom: source === undefined ? undefined : app.findExecution(source).id,
      since: parseInstant(since, "since", now),
      until: parseInstant(until, "until", now),
      before: readCursor(listing, from)?.[0],
    });
    const last = page.items.at(-1);
    return {
      items: page.items.map((item) => summaryView(app, item)),
      next_cursor: page.hasMore && last !== undefined ? writeCursor(listing, [last.seq]) : null,
      total: page.total,
      total_is_exact: page.totalIsExact,
    };
  },
});

function refuseEmptySearch(search: string | undefined): void {
  if (search === undefined || /[\p{L}\p{N}]/u.test(search)) return;
  throw new UserError("invalid_input", `search: ${JSON.stringify(search)} has neither letters nor digits`, {
    hint: "Pass words to look for, or leave search out.",
  });
}

function summaryView(app: App, item: ExecutionSummary): z.input<typeof summary> {
  return {
    execution_id: item.id,
    workflow: item.workflow,
    status: item.status,
    created_at: iso(item.createdAt),
    started_at: isoOrNull(item.startedAt),
    ended_at: isoOrNull(item.endedAt),
    trigger: item.trigger,
    stack: item.stack,
    tags: item.tags,
    attempt: item.attempt,
    parent_execution_id: item.parentId,
    replayed_from: item.replayedFrom,
    pending_waits: item.pendingWaits,
    failure: item.failure && { code: item.failure.code, message: shownText(app, item.failure.message) },
    blocked_reason: item.blockedReason === null ? null : cut(shownText(app, item.blockedReason), 300),
    overdue_since: isoOrNull(overdueSince(item, app.clock.now())),
  };
}
