import { z } from "zod";
import type { App } from "../app.ts";
import { isUserError } from "../core/errors.ts";
import type { CheckedDefinition, DefinitionStep, ResolvedFlow } from "./app-types.ts";
import { isValid, problemSchema, problemView } from "./definition-problem.ts";
import { beginning } from "./display.ts";
import { exampleValue } from "./example-value.ts";
import { anyJson, open } from "./fields.ts";
import { defineOperation, reading } from "./operation.ts";

const longestText = 20_000;

const step = z.object({
  id: z.string(),
  type: z.string(),
  description: z.string().nullable(),
  inside: z.string().nullable().describe("The step that holds it"),
});

const output = z.object({
  name: z.string(),
  kind: z.enum(["flow", "definition"]),
  target: z.string(),
  title: z.string().nullable(),
  description: z.string().nullable(),
  tags: z.array(z.string()),
  valid: z.boolean(),
  version: z.string().nullable(),
  input_schema: open().nullable(),
  example: z.object({ target: z.string(), input: anyJson() }).nullable().describe("Arguments for executions_run"),
  steps: z.array(step),
  models: open(),
  guardrails: open(),
  triggers: z.array(open()),
  text: z.string().nullable(),
  text_note: z.string().nullable(),
  problems: z.array(problemSchema),
});
type View = z.input<typeof output>;

export const workflowsGet = defineOperation({
  name: "workflows_get",
  title: "Show a workflow",
  description:
    "Shows one workflow: what its input must be, with an example call, its steps in order, models, guardrails, triggers, the version that would run now, " +
    "and for a definition its text and everything that is wrong with it. Then executions_run starts it; workflows_save writes a changed text.",
  input: z.strictObject({ workflow: z.string().min(1).describe("Its name, or its target.") }),
  output,
  outputShown: z.looseObject({ name: z.string(), target: z.string(), valid: z.boolean(), steps: z.array(open()) }),
  annotations: reading,
  example: { workflow: "release-notes" },
  async handler({ app }, { workflow }) {
    if (isFlowTarget(workflow)) return flowView(await app.code.resolve(workflow), workflow);
    const found = await app.workflows.find(workflow);
    if (found.kind === "flow") return flowView(found.flow, found.target);
    const version = await versionOf(app, found.definition, found.target);
    return definitionView(found.definition, { name: found.name, target: found.target, version });
  },
});

/** `flows/x.ts:y` or `package/module:flow`; definitions are named by paths without a colon. */
function isFlowTarget(workflow: string): boolean {
  return /:|\.[cm]?[jt]sx?$/i.test(workflow);
}

function flowView({ version, flow }: ResolvedFlow, target: string): View {
  const { inputSchema, options } = flow;
  return {
    ...common({ name: flow.name, kind: "flow", target }, inputSchema),
    title: null,
    description: options.description ?? null,
    tags: [],
    valid: true,
    version: version.hash,
    steps: version.checkpoints.map((id) => ({ id, type: "checkpoint", description: null, inside: null })),
    models: {},
    guardrails: inSeconds(options.limits),
    triggers: [],
    text: null,
    text_note: `A flow is code: read ${version.sourcePath}.`,
    problems: [],
  };
}

/** What a run would be pinned to now; null where nothing can be run. */
async function versionOf(app: App, { definition }: CheckedDefinition, target: string): Promise<string | null> {
  if (definition === undefined) return null;
  try {
    return (await app.code.resolve(target)).version.hash;
  } catch (error) {
    if (isUserError(error)) return null;
    throw error;
  }
}

function definitionView(
  { definition, problems, file, text, inputSchema }: CheckedDefinition,
  { name, target, version }: { name: string; target: string; version: string | null },
): View {
  const isCut = text !== undefined && text.length > longestText;
  return {
    ...common({ name, kind: "definition", target }, inputSchema),
    title: definition?.title ?? null,
    description: definition?.description ?? null,
    tags: definition?.tags ?? [],
    valid: isValid(problems),
    version,
    steps: definition === undefined ? [] : outline(definition.steps, null),
    models: definition?.models ?? {},
    guardrails: inSeconds(definition?.guardrails),
    triggers: definition?.triggers ?? [],
    text: text === undefined ? null : beginning(text, longestText),
    text_note: isCut ? `Cut after ${longestText} of ${text.length} characters: read ${file} for the rest.` : null,
    problems: problems.map(problemView),
  };
}

/** `max_time` in seconds, as callers write it. */
function inSeconds({ max_time: ms, ...limits }: { max_time?: number | undefined } = {}): Record<string, unknown> {
  return { ...limits, ...(ms !== undefined && { max_time: ms / 1_000 }) };
}

function common(
  { name, kind, target }: Pick<View, "name" | "kind" | "target">,
  inputSchema: Record<string, unknown> | null,
): Pick<View, "name" | "kind" | "target" | "input_schema" | "example"> {
  const example = inputSchema === null ? null : { target, input: exampleValue(inputSchema) };
  return { name, kind, target, input_schema: inputSchema, example };
}

function outline(steps: readonly DefinitionStep[], inside: string | null): View["steps"] {
  return steps.flatMap((one) => [
    { id: one.id, type: one.type, description: one.description ?? null, inside },
    ...listsOf(one).flatMap((list) => outline(list, one.id)),
  ]);
}

function listsOf(one: DefinitionStep): (readonly DefinitionStep[])[] {
  if (one.type === "condition") return [one.then ?? [], one.else ?? []];
  return one.type === "parallel" || one.type === "loop" ? [one.steps] : [];
}
