import { z } from "zod";
import { readCursor, writeCursor } from "./cursors.ts";
import { cursor, limit, listOf, listShown } from "./fields.ts";
import { defineOperation, reading } from "./operation.ts";
import { secretSchema, secretView } from "./secret-view.ts";

const listing = "secrets";

export const secretsList = defineOperation({
  name: "secrets_list",
  title: "List secrets",
  description:
    "Lists the project's secrets by name, with their keys and never a value. Use it to see what secret(name, key) may name in a workflow. " +
    "No operation reads or deletes values; a person does with `savepoint secrets`.",
  input: z.strictObject({ limit: limit(), cursor: cursor() }),
  output: listOf(secretSchema),
  outputShown: listShown(),
  annotations: reading,
  example: {},
  async handler({ app }, { limit: most, cursor: from }) {
    const all = app.secrets.list();
    const start = readCursor(listing, from)?.[0] ?? 0;
    const end = start + most;
    return {
      items: all.slice(start, end).map(secretView),
      next_cursor: end < all.length ? writeCursor(listing, [end]) : null,
      total: Math.min(all.length, 1_000),
      total_is_exact: all.length <= 1_000,
    };
  },
});
