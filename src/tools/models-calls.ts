import { z } from "zod";
import type { App } from "../app.ts";
import type { ModelCallRow } from "./app-types.ts";
import { readCursor, writeCursor } from "./cursors.ts";
import { cut, iso, shownText } from "./display.ts";
import { cursor, executionId, limit, listOf, listShown } from "./fields.ts";
import { parseInstant } from "./instants.ts";
import { defineOperation, reading } from "./operation.ts";

const listing = "model calls";
const longestError = 300;

const call = z.object({
  call_id: z.number(),
  execution_id: z.string(),
  workflow: z.string(),
  checkpoint: z.string(),
  kind: z.string(),
  model: z.string(),
  alias: z.string().nullable(),
  status: z.string(),
  attempt: z.number(),
  retries: z.number(),
  started_at: z.string(),
  latency_ms: z.number().nullable(),
  first_token_ms: z.number().nullable(),
  input_tokens: z.number().nullable(),
  output_tokens: z.number().nullable(),
  cached_tokens: z.number().nullable(),
  reasoning_tokens: z.number().nullable(),
  tool_calls: z.number(),
  cost_usd: z.number().nullable(),
  finish_reason: z.string().nullable(),
  error: z.string().nullable(),
});

export const modelsCalls = defineOperation({
  name: "models_calls",
  title: "List calls of models",
  description:
    "Lists calls of models, newest first: checkpoint, model, tokens, cost (null: price not known), latency, retries, error; " +
    'finish_reason "estimated" where a call broke off before its usage was told. ' +
    "What was asked and answered is in artifacts_list; sums are in executions_statistics.",
  input: z.strictObject({
    execution_id: executionId()
      .optional()
      .describe("Its id, or the unique beginning of one: its own calls. Those of its children are found by theirs."),
    checkpoint: z.string().min(1).optional(),
    model: z.string().min(1).optional().describe("An alias, or a model with or without its provider."),
    status: z.enum(["running", "completed", "failed"]).optional(),
    since: z.string().min(1).optional().describe('"2026-11-05", or so long ago: "2h".'),
    until: z.string().min(1).optional(),
    limit: limit(),
    cursor: cursor(),
  }),
  output: listOf(call),
  outputShown: listShown(),
  annotations: reading,
  example: { status: "failed", since: "1d" },
  async handler({ app }, { execution_id: id, model, since, until, cursor: from, ...filters }) {
    const now = app.clock.now();
    const alias = model === undefined ? undefined : app.models.aliases.find(model)?.name;
    const page = await app.listings.modelCalls({
      ...filters,
      executionSeq: id === undefined ? undefined : app.findExecution(id).seq,
      ...(alias === undefined ? { model } : { alias }),
      since: parseInstant(since, "since", now),
      until: parseInstant(until, "until", now),
      beforeId: readCursor(listing, from)?.[0],
    });
    const last = page.items.at(-1);
    return {
      items: page.items.map((row) => callView(app, row)),
      next_cursor: page.hasMore && last !== undefined ? writeCursor(listing, [last.id]) : null,
      total: page.total,
      total_is_exact: page.totalIsExact,
    };
  },
});

function callView(app: App, { id, ordinal: _, provider, model, started_at, error, ...row }: ModelCallRow) {
  return {
    ...row,
    call_id: id,
    model: `${provider}:${model}`,
    started_at: iso(started_at),
    error: error === null ? null : cut(shownText(app, error), longestError),
  };
}
