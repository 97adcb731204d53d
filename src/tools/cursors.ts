import { z } from "zod";
import { UserError } from "../core/errors.ts";

const content = z.tuple([z.string(), z.array(z.number().int().nonnegative()).min(1).max(2)]);

/** An opaque cursor: which listing it belongs to, and the place after which the next page begins. */
export function writeCursor(listing: string, place: readonly number[]): string {
  return Buffer.from(JSON.stringify([listing, place])).toString("base64url");
}

/** @throws UserError `invalid_input` when this listing did not write it */
export function readCursor(listing: string, cursor: string | undefined): number[] | undefined {
  if (cursor === undefined) return undefined;
  const parsed = content.safeParse(decode(cursor));
  if (parsed.success && parsed.data[0] === listing) return parsed.data[1];
  throw new UserError("invalid_input", "cursor: this is no cursor of this listing", {
    hint: "Pass next_cursor of the answer before as it is, or leave cursor out to begin with the first page.",
  });
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
