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

export const executionId = () => z.string().min(1).describe("Its id, or the unique beginning of one.");

export const waitSeconds = (seconds: number) =>
  z
    .number()
    .min(0)
    .max(45)
    .default(seconds)
    .describe("How long to wait for its end or a question; it runs on in any case.");

export const idempotencyKey = () =>
  z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe("Your own key for this call: a repetition answers the same and changes nothing.");

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
export const listShown = () => z.looseObject({ items: z.array(open()) });
