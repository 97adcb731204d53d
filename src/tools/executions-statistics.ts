import { z } from "zod";
import type { GroupStatistics } from "./app-types.ts";
import { executionId, limit, open } from "./fields.ts";
import { parseInstant } from "./instants.ts";
import { defineOperation, reading } from "./operation.ts";

const percentiles = z.object({ p50: z.number(), p95: z.number() });
const latency = z.object({ average: z.number(), min: z.number(), max: z.number() });

const group = z.object({
  group: z.string(),
  workflow: z.string().nullable(),
  count: z.number(),
  failed: z.number(),
  duration_ms: percentiles.nullable(),
  requests: z.number(),
  input_tokens: z.number(),
  output_tokens: z.number(),
  cached_tokens: z.number(),
  reasoning_tokens: z.number(),
  tool_calls: z.number(),
  cost_usd: z.number().nullable(),
  unpriced: z.number(),
  model_latency_ms: latency.nullable(),
});

const output = z.object({
  group_by: z.string(),
  counts: z.enum(["executions", "checkpoints", "calls"]).describe("What count, failed and duration_ms are of"),
  items: z.array(group),
  total: z.number(),
  durations_are_sampled: z.boolean().describe("True where they are of the newest 10,000"),
});

export const executionsStatistics = defineOperation({
  name: "executions_statistics",
  title: "Statistics of executions",
  description:
    "Counts executions, checkpoints or calls of models in groups: failed, durations (p50, p95), requests, tokens, cost. " +
    "cost_usd is what is known, unpriced the requests without a price. Each counts what it asked itself; its children are counted beside it.",
  input: z.strictObject({
    group_by: z.enum(["workflow", "status", "model", "checkpoint", "execution", "day"]).default("workflow"),
    workflow: z.string().min(1).optional(),
    execution_id: executionId().optional().describe("This execution and what it started."),
    since: z.string().min(1).optional().describe('Created since: "2026-11-05" or "2h".'),
    until: z.string().min(1).optional(),
    tags: z.array(z.string().min(1)).max(20).default([]).describe("Executions that have all of these."),
    limit: limit(),
  }),
  output,
  outputShown: z.looseObject({ items: z.array(open()) }),
  annotations: reading,
  example: { group_by: "model", since: "7d" },
  async handler({ app }, { group_by: groupBy, execution_id: id, since, until, ...filters }) {
    const now = app.clock.now();
    const { groups, total, isSampled } = await app.listings.statistics({
      ...filters,
      groupBy,
      executionSeq: id === undefined ? undefined : app.findExecution(id).seq,
      since: parseInstant(since, "since", now),
      until: parseInstant(until, "until", now),
    });
    const counts = groupBy === "model" ? "calls" : groupBy === "checkpoint" ? "checkpoints" : "executions";
    return {
      group_by: groupBy,
      counts,
      items: groups.map(groupView),
      total,
      durations_are_sampled: isSampled,
    } as const;
  },
});

function groupView(one: GroupStatistics): z.input<typeof group> {
  return {
    group: one.group,
    workflow: one.workflow,
    count: one.count,
    failed: one.failed,
    duration_ms: one.durationMs,
    requests: one.requests,
    input_tokens: one.inputTokens,
    output_tokens: one.outputTokens,
    cached_tokens: one.cachedTokens,
    reasoning_tokens: one.reasoningTokens,
    tool_calls: one.toolCalls,
    cost_usd: one.costUsd,
    unpriced: one.unpriced,
    model_latency_ms: one.latencyMs,
  };
}
