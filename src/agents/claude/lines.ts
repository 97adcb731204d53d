import { z } from "zod";

/** What is not as expected is taken as not said: a later version must not make a result unreadable. */
const count = z
  .number()
  .nonnegative()
  .nullish()
  .transform((value) => value ?? 0)
  .catch(0);
const name = z
  .string()
  .nullish()
  .transform((value) => value ?? null)
  .catch(null);

const usage = z.looseObject({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  output_tokens_details: z.looseObject({ thinking_tokens: count }).nullish(),
});
export type ClaudeUsage = z.infer<typeof usage>;

const block = z.union([
  z.looseObject({ type: z.literal("text"), text: z.string() }),
  z.looseObject({ type: z.literal("tool_use"), id: z.string(), name: z.string(), input: z.unknown().optional() }),
  z.looseObject({ type: z.literal("tool_result"), tool_use_id: z.string(), is_error: z.boolean().nullish() }),
  z.looseObject({ type: z.string() }).transform(() => ({ type: "other" as const })),
]);
export type ClaudeBlock = z.infer<typeof block>;
const content = z.union([z.array(block), z.string().transform((): ClaudeBlock[] => [])]);

const assistant = z.looseObject({
  type: z.literal("assistant"),
  parent_tool_use_id: name,
  message: z.looseObject({ id: z.string(), model: z.string(), content, usage: usage.nullish() }),
});

const user = z.looseObject({
  type: z.literal("user"),
  message: z.looseObject({ content }),
});

const streamEvent = z.looseObject({
  type: z.literal("stream_event"),
  parent_tool_use_id: name,
  event: z.union([
    z.looseObject({
      type: z.literal("message_start"),
      message: z.looseObject({ id: z.string(), model: z.string(), usage }),
    }),
    z.looseObject({ type: z.literal("message_delta"), usage }),
    z.looseObject({
      type: z.literal("content_block_delta"),
      delta: z.looseObject({ type: z.literal("text_delta"), text: z.string() }),
    }),
  ]),
});

const start = z.looseObject({
  type: z.literal("system"),
  subtype: z.literal("init"),
  tools: z.array(z.string()).nullish().catch(null),
  mcp_servers: z
    .array(z.looseObject({ name: z.string(), status: z.string() }))
    .nullish()
    .catch(null),
});

const retry = z.looseObject({
  type: z.literal("system"),
  subtype: z.literal("api_retry"),
  attempt: z.number(),
  max_retries: z.number().nullish(),
  error_status: z.number().nullish(),
  retry_delay_ms: z.number().nullish(),
});

const usageByModel = z
  .record(
    z.string(),
    z.looseObject({
      inputTokens: count,
      outputTokens: count,
      cacheReadInputTokens: count,
      cacheCreationInputTokens: count,
      thinkingTokens: count,
      costUSD: count,
    }),
  )
  .nullish()
  .catch(null);
export type UsageByModel = NonNullable<z.infer<typeof usageByModel>>;

const result = z.looseObject({
  type: z.literal("result"),
  subtype: name,
  is_error: z.boolean().nullish().catch(true),
  result: name,
  errors: z.array(z.string()).nullish().catch(null),
  structured_output: z.unknown().optional(),
  stop_reason: name,
  terminal_reason: name,
  api_error_status: z.number().nullish().catch(null),
  num_turns: count,
  session_id: name,
  total_cost_usd: count,
  usage: usage.nullish().catch(null),
  modelUsage: usageByModel,
  model_usage_since_last_result: usageByModel,
});
export type ClaudeResult = z.infer<typeof result>;

const line = z.union([assistant, user, streamEvent, start, retry, result]);
export type ClaudeLine = z.infer<typeof line>;

/** What Claude Code said, of the kinds that matter here; undefined for all others, of which every version has more. */
export function parseLine(value: unknown): ClaudeLine | undefined {
  return line.safeParse(value).data;
}
