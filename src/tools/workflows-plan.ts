import { z } from "zod";
import type { App } from "../app.ts";
import { compileJsonSchema } from "../core/json-schema.ts";
import type { CheckedDefinition, DefinitionPlan, ListPlan, ResolvedFlow } from "./app-types.ts";
import { anyJson, json, open } from "./fields.ts";
import { defineOperation, reading } from "./operation.ts";
import { timeouts, timeoutsOf } from "./step-settings.ts";

const input = z.strictObject({
  workflow: z.string().min(1).describe("Name or target, as executions_run takes it."),
  input: anyJson().optional().describe("Input that the run would have."),
  models: z.record(z.string(), z.string()).optional().describe("Models for steps, as executions_run takes them."),
  timeouts: timeouts(),
});

const list = z.object({ levels: z.array(z.array(z.string())), critical_path: z.array(z.string()) });

const step = z.object({
  id: z.string(),
  path: z.string(),
  type: z.string(),
  description: z.string().nullable(),
  model: z.object({ model: z.string().nullable(), alias: z.string().nullable(), why: z.string() }).nullable(),
  timeout_ms: z.number().nullable(),
  timeout_from: z.string().nullable(),
  retries: z.number(),
  on_error: z.string(),
  gets: z.record(z.string(), json()),
  needs: z.record(z.string(), z.array(z.string())),
  lists: z.record(z.string(), list),
});

const plannedInput = z.object({
  name: z.string(),
  type: z.string().nullable(),
  required: z.boolean(),
  default: json(),
  provided: z.boolean(),
  value: json(),
  problems: z.array(z.string()),
});

const output = z.object({
  workflow: z.string(),
  kind: z.enum(["definition", "flow"]),
  target: z.string(),
  valid: z.boolean(),
  inputs: z.array(plannedInput),
  ...list.shape,
  steps: z.array(step),
  /** Of a flow: what its source names. */
  checkpoints: z.array(z.string()),
  options: z.record(z.string(), json()),
  problems: z.array(
    z.object({ severity: z.string(), where: z.string(), message: z.string(), hint: z.string().optional() }),
  ),
});
type Plan = z.input<typeof output>;

const shown = z.looseObject({ valid: z.boolean(), levels: z.array(z.array(z.string())), steps: z.array(open()) });

export const workflowsPlan = defineOperation({
  name: "workflows_plan",
  title: "Plan a run",
  description:
    "Says what a run would do, and runs nothing: the inputs with their defaults and problems, which steps run at the same time (levels), the longest line of steps (critical_path), " +
    "and for each step its model and timeout with the reason, and its fields filled in (gets), or what they wait for (needs). Use it before executions_run.",
  input,
  output,
  outputShown: shown,
  annotations: reading,
  example: { workflow: "release-notes", input: { tag: "v1.2.0" } },
  async handler({ app }, args) {
    if (isFlowTarget(args.workflow)) return planOfFlow(await app.code.resolve(args.workflow), args);
    const found = await app.workflows.find(args.workflow);
    if (found.kind === "flow") return planOfFlow(found.flow, args);
    return planOfDefinition(app, found, args);
  },
});

type Arguments = z.output<typeof input>;
type FoundDefinition = Extract<Awaited<ReturnType<App["workflows"]["find"]>>, { kind: "definition" }>;

/** `flows/x.ts:y` or `package/module:flow`; definitions are named by paths without a colon. */
function isFlowTarget(workflow: string): boolean {
  return /:|\.[cm]?[jt]sx?$/i.test(workflow);
}

function planOfDefinition(
  app: App,
  { name, target, definition: { definition, problems: found } }: FoundDefinition,
  { input: given, models = {}, timeouts: limits }: Arguments,
): Plan {
  const about = { workflow: name, kind: "definition" as const, target, checkpoints: [], options: {} };
  const problems = found.map(problemView);
  if (definition === undefined) {
    return { ...about, valid: false, inputs: [], levels: [], critical_path: [], steps: [], problems };
  }
  const plan = app.planDefinition(definition, { input: given, models, timeouts: timeoutsOf(limits) ?? {} });
  const all = [...problems, ...unknownSteps(plan, { models, timeouts: limits ?? {} }), ...plan.problems];
  return {
    ...about,
    valid: all.every(({ severity }) => severity !== "error"),
    inputs: plan.inputs.map(inputView),
    ...listView(plan),
    steps: plan.steps.map(stepView),
    problems: all,
  };
}

/** A flow is code: what it will call is only known while it runs. */
function planOfFlow({ version, flow }: ResolvedFlow, { input: given }: Arguments): Plan {
  const found = flow.inputSchema === null ? [] : compileJsonSchema(flow.inputSchema)(given);
  const problems = found.map((message) => ({ severity: "error", where: "input", message }));
  return {
    workflow: flow.name,
    kind: "flow",
    target: version.sourcePath,
    valid: problems.length === 0,
    inputs: inputsOf(flow.inputSchema, given),
    levels: [],
    critical_path: [],
    steps: [],
    checkpoints: version.checkpoints,
    options: flow.options,
    problems,
  };
}

function inputsOf(schema: ResolvedFlow["flow"]["inputSchema"], given: unknown): Plan["inputs"] {
  const { properties, required } = schema ?? {};
  const values = isRecord(given) ? given : {};
  return Object.entries(isRecord(properties) ? properties : {}).map(([name, one]) => {
    const property = isRecord(one) ? one : {};
    const isProvided = Object.hasOwn(values, name);
    const isRequired = Array.isArray(required) && required.includes(name);
    const fallback = property["default"] ?? null;
    return {
      name,
      type: typeof property["type"] === "string" ? property["type"] : null,
      required: isRequired,
      default: fallback,
      provided: isProvided,
      value: isProvided ? values[name] : fallback,
      problems: isProvided ? compileJsonSchema(property)(values[name]) : isRequired ? ["it is missing"] : [],
    };
  });
}

/** What is said for a step that there is not would change nothing. */
function unknownSteps({ steps }: DefinitionPlan, given: Record<string, object>): Plan["problems"] {
  const ids = steps.map(({ id }) => id);
  return Object.entries(given).flatMap(([field, record]) =>
    Object.keys(record)
      .filter((id) => id !== "*" && !ids.includes(id))
      .map((id) => ({
        severity: "error",
        where: `${field}.${id}`,
        message: "there is no such step",
        hint: `The steps: ${ids.slice(0, 30).join(", ")}; "*" means all.`,
      })),
  );
}

function problemView({
  severity,
  file,
  line,
  column,
  message,
  hint,
}: CheckedDefinition["problems"][number]): Plan["problems"][number] {
  return { severity, where: `${file}:${line}:${column}`, message, ...(hint !== undefined && { hint }) };
}

function inputView({ name, type, isRequired, isProvided, value, problems, ...rest }: DefinitionPlan["inputs"][number]) {
  return { name, type, required: isRequired, default: rest.default, provided: isProvided, value, problems };
}

function stepView({ timeout, onError, lists, ...told }: DefinitionPlan["steps"][number]): Plan["steps"][number] {
  return {
    ...told,
    timeout_ms: timeout?.ms ?? null,
    timeout_from: timeout?.why ?? null,
    on_error: onError,
    lists: Object.fromEntries(Object.entries(lists).map(([field, one]) => [field, listView(one)])),
  };
}

function listView({ levels, criticalPath }: ListPlan): { levels: string[][]; critical_path: string[] } {
  return { levels, critical_path: criticalPath };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
