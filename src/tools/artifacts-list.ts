import { z } from "zod";
import { type ArtifactRef, artifactSchema, artifactsOf, checkpointsOf } from "./artifact-refs.ts";
import { checkpointsNamed } from "./checkpoint-named.ts";
import { readCursor, writeCursor } from "./cursors.ts";
import { cursor, executionId, limit, listOf, listShown } from "./fields.ts";
import { defineOperation, reading } from "./operation.ts";

const listing = "artifacts";

const input = z.strictObject({
  execution_id: executionId(),
  name: z.string().min(1).optional().describe("Name that it was saved under, or a checkpoint's name or selector."),
  kind: z.enum(["prompt", "response", "context", "input", "output", "blob"]).optional(),
  checkpoint: z.string().min(1).optional().describe("Only of this checkpoint: its name, selector or id."),
  tag: z.string().min(1).optional(),
  limit: limit(),
  cursor: cursor(),
});

export const artifactsList = defineOperation({
  name: "artifacts_list",
  title: "List an execution's artifacts",
  description:
    "Lists what an execution has to read, newest first and without the values: what it saved by name, the output of each completed checkpoint (under its selector), its input and its result. " +
    "Read one with artifacts_get.",
  input,
  output: listOf(artifactSchema),
  outputShown: listShown(),
  annotations: reading,
  example: { execution_id: "0199a3f2", name: "report" },
  async handler({ app }, args) {
    const execution = app.findExecution(args.execution_id);
    // An artifact keeps its place counted from the oldest, while newer ones come.
    const all = artifactsOf(app, execution).map((ref, place) => ({ ref, place }));
    const checkpoints = checkpointsOf(app, execution);
    // An empty list would not tell a mistyped name from a checkpoint without artifacts.
    if (args.checkpoint !== undefined) checkpointsNamed(checkpoints, args.checkpoint);
    const names = new Map(checkpoints.map(({ selector, name, id }) => [selector, [selector, name, id]]));
    const fitting = all.filter(({ ref }) => isWanted(ref, args, names.get(ref.checkpoint ?? "") ?? [])).reverse();
    const [before = Number.POSITIVE_INFINITY] = readCursor(listing, args.cursor) ?? [];
    const rest = fitting.filter(({ place }) => place < before);
    const shown = rest.slice(0, args.limit);
    const last = shown.at(-1);
    return {
      items: shown.map(({ ref }) => ref),
      next_cursor: rest.length > shown.length && last !== undefined ? writeCursor(listing, [last.place]) : null,
      total: Math.min(fitting.length, 1_000),
      total_is_exact: fitting.length <= 1_000,
    };
  },
});

/** @param producer the ways to name the checkpoint that it comes from */
function isWanted(
  ref: ArtifactRef,
  { name, kind, checkpoint, tag }: z.output<typeof input>,
  producer: readonly string[],
): boolean {
  const isNamed = name === undefined || ref.name === name || (ref.name === ref.checkpoint && producer.includes(name));
  return (
    isNamed &&
    (kind === undefined || ref.kind === kind) &&
    (checkpoint === undefined || producer.includes(checkpoint)) &&
    (tag === undefined || ref.tags.includes(tag))
  );
}
