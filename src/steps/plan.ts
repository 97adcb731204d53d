import { isUserError, messageOf } from "../core/errors.ts";
import { compileJsonSchema } from "../core/json-schema.ts";
import { ModelError } from "../core/model-error.ts";
import { type ListPlan, listsIn, planOfList } from "../definitions/graph/plan.ts";
import type { WorkflowDefinition } from "../definitions/model/definition.ts";
import { inputSchema, withDefaults } from "../definitions/model/inputs.ts";
import type { Step } from "../definitions/model/steps.ts";
import { clockNames, loopNames, type Scope } from "../definitions/values/scope.ts";
import { type TimeLimits, timeoutChoice } from "./attempts.ts";
import { timezoneOf } from "./interpreter.ts";
import { plannedFields } from "./planned-fields.ts";

/** What a run of a definition would do, as far as that is known before it. */
export interface DefinitionPlan extends ListPlan {
  inputs: PlannedInput[];
  steps: PlannedStep[];
  problems: PlanProblem[];
}

export interface PlanProblem {
  severity: "error" | "warning";
  /** `input`, or a step and its field: `steps.draft.model`. */
  where: string;
  message: string;
  hint?: string | undefined;
}

export interface PlannedInput {
  name: string;
  type: string | null;
  isRequired: boolean;
  default: unknown;
  isProvided: boolean;
  /** What steps will see. */
  value: unknown;
  problems: string[];
}

export interface PlannedStep {
  id: string;
  /** Where its list stands: "" for that of the workflow, else `fan` or `which/then`. */
  path: string;
  type: Step["type"];
  description: string | null;
  model: PlannedModel | null;
  timeout: { ms: number; why: string } | null;
  retries: number;
  onError: "fail" | "continue";
  /** Its fields, filled in with what is known; as written where a field needs more. */
  gets: Record<string, unknown>;
  /** By field: what is only known once others have run. */
  needs: Record<string, string[]>;
  /** The lists within it, by field. */
  lists: Record<string, ListPlan>;
}

export interface PlannedModel {
  /** As `provider:model`, or what an agent is told; null: its own default, or not known yet. */
  model: string | null;
  alias: string | null;
  why: string;
}

export interface PlanRequest {
  input: unknown;
  models: Readonly<Record<string, string>>;
  timeouts: Readonly<Record<string, number>>;
}

/** What is asked of the project. */
export interface PlanPorts {
  readonly projectRoot: string;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  now(): number;
  /** @throws ModelError */
  chooseModel(
    asked: string | undefined,
    place: { step: string; models: { run: Readonly<Record<string, string>>; flow: Readonly<Record<string, string>> } },
  ): { model: string; alias: string | null; why: string };
}

interface Planning {
  definition: WorkflowDefinition;
  request: PlanRequest;
  ports: PlanPorts;
  limits: TimeLimits;
  scope: Scope;
  missingInputs: string[];
  problems: PlanProblem[];
}

/** Says what a run would do, without doing any of it. */
export function planDefinition(
  definition: WorkflowDefinition,
  { request, ports }: { request: PlanRequest; ports: PlanPorts },
): DefinitionPlan {
  const given = recordOf(request.input);
  const inputs = plannedInputs(definition, given);
  const problems = inputProblems(definition, request.input);
  const planning: Planning = {
    definition,
    request,
    ports,
    limits: { settings: request, timeoutMs: definition.timeout, ports },
    scope: scopeOf(definition, given, ports),
    missingInputs: inputs.flatMap(({ name, isRequired, isProvided }) => (isRequired && !isProvided ? [name] : [])),
    problems,
  };
  const steps = plannedSteps(definition.steps, { path: "", locals: [], planning });
  return { ...planOfList(definition.steps), inputs, steps, problems };
}

function plannedInputs({ inputs }: WorkflowDefinition, given: Record<string, unknown>): PlannedInput[] {
  const { properties = {} } = inputSchema(inputs) as { properties?: Record<string, Record<string, unknown>> };
  const values = withDefaults(inputs, given);
  return Object.entries(inputs).map(([name, one]) => {
    const isProvided = Object.hasOwn(given, name);
    const isMissing = !isProvided && one.required && !("default" in one);
    const problems = isProvided ? compileJsonSchema(properties[name] ?? {})(given[name]) : [];
    return {
      name,
      type: one.type ?? null,
      isRequired: one.required,
      default: "default" in one ? one.default : null,
      isProvided,
      value: values[name],
      problems: isMissing ? ["it is missing"] : problems,
    };
  });
}

function inputProblems({ inputs }: WorkflowDefinition, input: unknown): PlanProblem[] {
  const problems = compileJsonSchema(inputSchema(inputs))(input ?? {});
  return problems.map((message) => ({ severity: "error", where: "input", message }));
}

function scopeOf(definition: WorkflowDefinition, given: Record<string, unknown>, ports: PlanPorts): Scope {
  const clock = clockNames(ports.now(), timezoneOf(definition));
  return {
    inputs: withDefaults(definition.inputs, given),
    steps: {},
    builtIns: { ...clock, project_root: ports.projectRoot, execution_id: "" },
  };
}

interface ListPlace {
  path: string;
  /** Names that loops give. */
  locals: readonly string[];
  planning: Planning;
}

function plannedSteps(steps: readonly Step[], place: ListPlace): PlannedStep[] {
  return steps.flatMap((step) => {
    const lists = listsIn(step, place.path);
    const locals = step.type === "loop" ? [...place.locals, step.item_variable, ...loopNames] : place.locals;
    const own = {
      ...plannedStep(step, place),
      lists: Object.fromEntries(lists.map((one) => [one.field, planOfList(one.steps, one.isParallel)])),
    };
    return [own, ...lists.flatMap((one) => plannedSteps(one.steps, { ...place, path: one.path, locals }))];
  });
}

function plannedStep(step: Step, { path, locals, planning }: ListPlace): Omit<PlannedStep, "lists"> {
  const { scope, missingInputs, problems, limits } = planning;
  const isContainer = step.type === "condition" || step.type === "parallel" || step.type === "loop";
  const { gets, needs, missing } = plannedFields(step, { scope, locals, missingInputs });
  for (const { field, message, hint } of missing) {
    problems.push({ severity: "warning", where: `steps.${step.id}.${field}`, message, hint });
  }
  return {
    id: step.id,
    path,
    type: step.type,
    description: step.description ?? step.title ?? null,
    model: modelOf(step, { asked: gets["model"], isKnown: needs["model"] === undefined, planning }),
    timeout: isContainer ? null : timeLimit(step, limits, problems),
    retries: step.retry?.max ?? 0,
    onError: step.on_error,
    gets,
    needs,
  };
}

/** The environment may hold what is no duration. */
function timeLimit(step: Step, limits: TimeLimits, problems: PlanProblem[]): PlannedStep["timeout"] {
  try {
    return timeoutChoice(step, limits) ?? null;
  } catch (error) {
    if (!isUserError(error)) throw error;
    problems.push({
      severity: "error",
      where: `steps.${step.id}.timeout`,
      message: messageOf(error),
      hint: error.hint,
    });
    return null;
  }
}

function modelOf(
  { id, type }: Step,
  { asked, isKnown, planning }: { asked: unknown; isKnown: boolean; planning: Planning },
): PlannedModel | null {
  const own = typeof asked === "string" ? asked : undefined;
  if (type === "agent") {
    return { model: own ?? null, alias: null, why: own === undefined ? "the agent's own default" : "the step" };
  }
  if (type !== "llm" && type !== "batch_llm") return null;
  const { definition, request, ports, problems } = planning;
  if (!isKnown) return { model: null, alias: null, why: `the step: ${own ?? ""}` };
  try {
    const chosen = ports.chooseModel(own, { step: id, models: { run: request.models, flow: definition.models } });
    return {
      ...chosen,
      why: chosen.why === "the call" ? "the step" : chosen.why.replace(/of the flow$/, "of the workflow"),
    };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const { message, hint } = error;
    problems.push({ severity: "error", where: `steps.${id}.model`, message, hint });
    return { model: null, alias: null, why: message };
  }
}

function recordOf(input: unknown): Record<string, unknown> {
  return typeof input === "object" && input !== null && !Array.isArray(input) ? (input as Record<string, unknown>) : {};
}
