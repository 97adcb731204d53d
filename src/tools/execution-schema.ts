import { z } from "zod";
import { executionStatuses } from "../core/statuses.ts";
import { json } from "./fields.ts";

const instant = () => z.string();
const fields = () => z.looseObject({});

export const failureSchema = z.object({
  code: z.string(),
  message: z.string(),
  origin: z.string(),
  checkpoint: z.string().nullable(),
  hint: z.string().nullable(),
  guardrail: z.object({ limit: z.string(), allowed: z.number(), used: z.number() }).optional(),
  stack: z.string().optional(),
});

export const pendingWaitSchema = z.object({
  wait_id: z.string(),
  name: z.string(),
  question: z.string().nullable(),
  schema: fields().nullable(),
  metadata: fields().nullable(),
  asked_at: instant(),
  expires_at: instant().nullable(),
  refused_answer: z.object({ reason: z.string(), at: instant().nullable() }).nullable(),
});

const checkpointSchema = z.object({
  selector: z.string(),
  status: z.string(),
  origin: z.string().nullable(),
  checkpoint_id: z.string().optional(),
  name: z.string().optional(),
  type: z.string().nullable().optional(),
  attempt: z.number().optional(),
  next_attempt_at: instant().nullable().optional(),
  started_at: instant().optional(),
  ended_at: instant().nullable().optional(),
  duration_ms: z.number().nullable().optional(),
  output: json().optional(),
  output_bytes: z.number().nullable().optional(),
  failure: failureSchema.nullable().optional(),
  metadata: fields().nullable().optional(),
  progress: fields().nullable().optional(),
  usage: fields().optional(),
});

const settledWaitSchema = z.object({
  wait_id: z.string(),
  name: z.string(),
  status: z.string(),
  question: z.string().nullable(),
  asked_at: instant(),
  expires_at: instant().nullable(),
  settled_at: instant().nullable(),
  answered_by: z.string().nullable(),
  answer: json().optional(),
  on_timeout: z.string().optional().describe("What the deadline decided: fail, continue, skip or answer"),
  failure: failureSchema.nullable(),
});

const sleepSchema = z.object({ status: z.string(), started_at: instant(), until: instant().nullable() });

const childSchema = z.object({
  execution_id: z.string(),
  workflow: z.string(),
  status: z.string(),
  depth: z.number().describe("1 for a child, 2 for a child of the child before it, and so on"),
  pending_waits: z.number(),
});

/** An execution as every operation answers it. */
export const executionSchema = z.object({
  execution_id: z.string(),
  workflow: z.string(),
  target: z.string(),
  version: z.string(),
  status: z.enum(executionStatuses),
  created_at: instant(),
  started_at: instant().nullable(),
  ended_at: instant().nullable(),
  trigger: z.string(),
  stack: z.string(),
  tags: z.array(z.string()),
  attempt: z.number(),
  parent_execution_id: z.string().nullable(),
  replayed_from: z.string().nullable(),
  result: json().optional(),
  result_preview: z.string().optional().describe("Stands instead of a result that is too long to show"),
  failure: failureSchema.nullable(),
  failed_step: z.string().nullable(),
  blocked_reason: z.string().nullable(),
  overdue: z.object({ since: instant() }).nullable(),
  pause_requested: z.boolean(),
  progress: fields().nullable(),
  metadata: fields().nullable(),
  pending_waits: z.array(pendingWaitSchema),
  usage: z.object({
    requests: z.number(),
    input_tokens: z.number(),
    output_tokens: z.number(),
    cached_tokens: z.number(),
    reasoning_tokens: z.number(),
    tool_calls: z.number(),
    turns: z.number(),
    cost_usd: z.number().nullable().describe("Null where the price of a model is not known"),
  }),
  guardrails: fields().nullable(),
  counts: z.object({
    checkpoints: z.number(),
    completed: z.number(),
    failed: z.number(),
    running: z.number(),
    artifacts: z.number(),
  }),
  next: z.string().describe("The call that makes sense now"),
  children: z.array(childSchema),
  children_note: z.string().optional(),
  checkpoints: z.array(checkpointSchema),
  checkpoints_note: z.string().optional(),
  input: json().optional(),
  waits: z.array(settledWaitSchema).optional(),
  sleeps: z.array(sleepSchema).optional(),
});

/** What the list of operations shows of it; `executions_get` shows more. */
export const executionShown = z.looseObject({ execution_id: z.string(), status: z.string(), next: z.string() });

export const executionOutline = z.looseObject({
  execution_id: z.string(),
  status: z.enum(executionStatuses),
  pending_waits: z.array(fields()),
  checkpoints: z.array(fields()),
  next: z.string().describe("The call that makes sense now"),
});

export type ExecutionView = z.input<typeof executionSchema>;
export type CheckpointView = z.input<typeof checkpointSchema>;
export type SettledWaitView = z.input<typeof settledWaitSchema>;
export type PendingWaitView = z.input<typeof pendingWaitSchema>;
export type FailureView = z.input<typeof failureSchema>;
