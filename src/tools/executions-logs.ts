import { z } from "zod";
import type { LogLine } from "./app-types.ts";
import { checkpointsNamed } from "./checkpoint-named.ts";
import { readCursor, writeCursor } from "./cursors.ts";
import { iso } from "./display.ts";
import { cursor, executionId, listOf, listShown } from "./fields.ts";
import { defineOperation, reading } from "./operation.ts";

const listing = "logs";
const longestLine = { concise: 1_000, full: 16_100 } as const;
/** Clients put longer answers aside, out of the model's sight. */
const longestPage = { concise: 40_000, full: 120_000 } as const;

const line = z.object({
  at: z.string(),
  level: z.string(),
  source: z.string(),
  checkpoint: z.string().nullable(),
  message: z.string(),
});

export const executionsLogs = defineOperation({
  name: "executions_logs",
  title: "Read an execution's logs",
  description:
    "What the workflow printed (console output of its body and its checkpoints), and what the engine noted. Answers the newest lines, in the order in which they were printed; " +
    "next_cursor leads to the lines before them. Use it to find out why an execution failed.",
  input: z.strictObject({
    execution_id: executionId(),
    checkpoint: z.string().min(1).optional().describe("Only lines of this checkpoint: its name, selector or id."),
    level: z.enum(["debug", "info", "warn", "error"]).optional().describe("This level and the graver ones."),
    source: z.enum(["flow", "checkpoint", "engine"]).optional(),
    tail: z.number().int().min(1).max(200).default(200).describe("Lines in one answer, counted from the newest."),
    cursor: cursor(),
    detail: z.enum(["concise", "full"]).default("concise").describe("Concise cuts long lines."),
  }),
  output: listOf(line),
  outputShown: listShown(),
  annotations: reading,
  example: { execution_id: "0199a3f2", level: "warn" },
  async handler({ app }, args) {
    const execution = app.findExecution(args.execution_id);
    const entries = app.listings.journal.entries(execution).filter(({ kind }) => kind === "checkpoint");
    const page = await app.listings.logs({
      executionSeq: execution.seq,
      level: args.level,
      source: args.source,
      ordinals:
        args.checkpoint === undefined
          ? undefined
          : checkpointsNamed(entries, args.checkpoint).map(({ ordinal }) => ordinal),
      beforeId: readCursor(listing, args.cursor)?.[0],
      longestMessage: longestLine[args.detail],
      limit: args.tail,
    });
    const fitting = takeWhileShort(page.items, longestPage[args.detail]);
    const oldest = fitting.at(-1);
    const hasMore = page.hasMore || fitting.length < page.items.length;
    const names = new Map(entries.map(({ ordinal, selector }) => [ordinal, selector]));
    return {
      items: fitting.toReversed().map((one) => lineView(one, names)),
      next_cursor: hasMore && oldest !== undefined ? writeCursor(listing, [oldest.id]) : null,
      total: page.total,
      total_is_exact: page.totalIsExact,
    };
  },
});

/** At least one line, so that a cursor always gets on. */
function takeWhileShort(lines: readonly LogLine[], longest: number): LogLine[] {
  let length = 0;
  const end = lines.findIndex(({ message }, index) => {
    length += message.length + 100;
    return index > 0 && length > longest;
  });
  return lines.slice(0, end < 0 ? lines.length : end);
}

function lineView({ at, level, source, ordinal, message, characters }: LogLine, names: Map<number, string>) {
  return {
    at: iso(at),
    level,
    source,
    checkpoint: ordinal === null ? null : (names.get(ordinal) ?? null),
    message: characters === null ? message : `${message}… (${characters} characters; detail full shows more)`,
  };
}
