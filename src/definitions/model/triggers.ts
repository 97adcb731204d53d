import { z } from "zod";
import { filledText, oneLine } from "./fields.ts";

const enabled = z.boolean().default(true);

/** What starts a workflow by itself. */
export const trigger = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("cron"),
    cron: filledText,
    timezone: z.string().default("UTC"),
    enabled,
    input: z.record(z.string(), z.unknown()).optional(),
  }),
  z.strictObject({
    type: z.literal("completion"),
    workflow: oneLine,
    status: z.enum(["completed", "failed", "cancelled", "any"]).default("completed"),
    enabled,
    input: z.record(z.string(), z.unknown()).optional(),
  }),
  z.strictObject({
    type: z.literal("event"),
    event: oneLine,
    enabled,
    input: z.record(z.string(), z.unknown()).optional(),
  }),
]);
