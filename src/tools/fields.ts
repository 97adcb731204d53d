import { z } from "zod";

/** Any JSON value in an answer. */
export const json = () => z.unknown().meta({ type: ["object", "array", "string", "number", "boolean", "null"] });

const scalars = [{ type: "string" }, { type: "number" }, { type: "boolean" }, { type: "null" }];

/** Any JSON value as an argument, spelt out: models pass text where no type is named, and some APIs refuse lists without items. */
export const anyJson = () =>
  z.unknown().meta({
    anyOf: [{ type: "object" }, { type: "array", items: { anyOf: [{ type: "object" }, ...scalars] } }, ...scalars],
  });

/** An object that another operation describes field by field. */
export const open = () => z.looseObject({});

export const executionId = () =>
  z.string().min(1).describe("Id of the execution; its first characters are enough when only one begins so.");

export const waitSeconds = (seconds: number) =>
  z
    .number()
    .min(0)
    .max(45)
    .default(seconds)
    .describe("How long this call may wait until the execution ends or asks something. It runs on in any case.");

export const idempotencyKey = () =>
  z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe("Your own key for this request: a second call with it changes nothing and answers as the first.");

export const limit = (fallback = 20) =>
  z.number().int().min(1).max(200).default(fallback).describe("Items in one answer.");

export const cursor = () => z.string().min(1).max(500).optional().describe("next_cursor of the answer before.");

/** What every listing answers. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next_cursor: z.string().nullable(),
    total: z.number(),
    total_is_exact: z.boolean(),
  });
}

/** What the list of operations shows of a listing. */
export const listShown = () => listOf(open());
