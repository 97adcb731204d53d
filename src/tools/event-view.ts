import { z } from "zod";
import type { App } from "../app.ts";
import type { EventRow, Execution } from "./app-types.ts";
import { iso } from "./display.ts";

const longestData = 4_000;

export const eventSchema = z.object({
  event_id: z.number(),
  type: z.string(),
  at: z.string(),
  name: z.string().nullable().describe("The checkpoint or wait that it is about"),
  data: z.looseObject({}).nullable(),
});

export type EventView = z.input<typeof eventSchema>;

/** Turns rows of an execution's timeline into what callers see; knows the names of entries that it has seen once. */
export function eventViewer(app: App, execution: Execution): (row: EventRow) => EventView {
  let names = new Map<number, string>();
  const nameOf = (ordinal: number) => {
    if (!names.has(ordinal)) {
      names = new Map(app.listings.journal.entries(execution).map((entry) => [entry.ordinal, entry.selector]));
    }
    return names.get(ordinal) ?? null;
  };
  return ({ id, type, at, ordinal, data }) => ({
    event_id: id,
    type,
    at: iso(at),
    name: ordinal === null ? null : nameOf(ordinal),
    data: data === null ? null : shortData(data),
  });
}

function shortData(data: Record<string, unknown>): Record<string, unknown> {
  const { length } = JSON.stringify(data);
  return length <= longestData ? data : { note: `left out: ${length} characters; executions_get shows it` };
}
