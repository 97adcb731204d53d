import { z } from "zod";
import type { ListedWorkflow } from "./app-types.ts";
import { readCursor, writeCursor } from "./cursors.ts";
import { problemSchema, problemView } from "./definition-problem.ts";
import { cut } from "./display.ts";
import { cursor, limit, listOf, listShown, open } from "./fields.ts";
import { defineOperation, reading } from "./operation.ts";

const listing = "workflows";
const longestDescription = 300;
const longestSchema = 2_000;
const mostProblems = 20;

const workflow = z.object({
  name: z.string(),
  title: z.string().nullable(),
  description: z.string().nullable(),
  kind: z.enum(["flow", "definition"]),
  target: z.string(),
  tags: z.array(z.string()),
  scheduled: z.boolean(),
  valid: z.boolean(),
  inputs: open().nullable(),
});
type View = z.input<typeof workflow>;

export const workflowsList = defineOperation({
  name: "workflows_list",
  title: "List workflows",
  description:
    "Lists what can be run, by name: definitions (files of the workflows folder) and flows, each with its target and input schema; `problems` tells files that are not listed. " +
    "Filters combine. Start one with executions_run; workflows_get shows one in full.",
  input: z.strictObject({
    search: z.string().min(1).max(200).optional().describe("Words of name, title, description, tags or target."),
    tags: z.array(z.string().min(1)).max(20).default([]).describe("Workflows that have all of these."),
    scheduled: z.boolean().optional().describe("Whether a schedule starts them."),
    limit: limit(),
    cursor: cursor(),
  }),
  output: listOf(workflow).extend({ problems: z.array(problemSchema) }),
  outputShown: listShown(),
  annotations: reading,
  example: { search: "release" },
  async handler({ app }, { search, tags, scheduled, limit: most, cursor: from }) {
    const { workflows, problems } = await app.workflows.list();
    const words = search?.toLowerCase().split(/\s+/) ?? [];
    const found = workflows
      .map(viewOf)
      .filter((one) => words.every((word) => searchedText(one).includes(word)))
      .filter((one) => tags.every((tag) => one.tags.includes(tag)))
      .filter((one) => scheduled === undefined || one.scheduled === scheduled);
    const start = readCursor(listing, from)?.[0] ?? 0;
    const end = start + most;
    return {
      items: found.slice(start, end).map(short),
      next_cursor: end < found.length ? writeCursor(listing, [end]) : null,
      total: Math.min(found.length, 1_000),
      total_is_exact: found.length <= 1_000,
      problems: problems.slice(0, mostProblems).map(problemView),
    };
  },
});

function viewOf({ name, target, ...listed }: ListedWorkflow): View {
  if (listed.kind === "flow") {
    const { inputSchema: inputs, options } = listed.flow.flow;
    const description = options.description ?? null;
    return { name, title: null, description, kind: "flow", target, tags: [], scheduled: false, valid: true, inputs };
  }
  const { title, description, tags, schedules, errors, inputSchema: inputs } = listed.definition;
  const scheduled = schedules.some(({ enabled }) => enabled);
  return { name, title, description, kind: "definition", target, tags, scheduled, valid: errors === 0, inputs };
}

function searchedText({ name, title, description, tags, target }: View): string {
  return [name, title, description, ...tags, target].join("\n").toLowerCase();
}

function short(view: View): View {
  const { description, inputs } = view;
  const isLong = JSON.stringify(inputs).length > longestSchema;
  return {
    ...view,
    description: description === null ? null : cut(description, longestDescription),
    inputs: isLong ? { type: "object", description: "Too long for a list: workflows_get shows it." } : inputs,
  };
}
