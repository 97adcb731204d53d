import type { WorkflowDefinition } from "../definitions/model/definition.ts";
import { describeDefinition } from "../definitions/model/describe.ts";
import { withDefaults } from "../definitions/model/inputs.ts";
import { MissingValueError } from "../definitions/values/reference.ts";
import { clockNames } from "../definitions/values/scope.ts";
import { MisuseError } from "../flows/errors.ts";
import type { FlowDefinition } from "../flows/flow.ts";
import { requireFlowScope } from "../flows/scope.ts";
import { executionId, now } from "../flows/values.ts";
import type { StepFunctions, StepPorts } from "./ports.ts";
import { runList } from "./run-list.ts";
import { fillIn } from "./values.ts";
import type { Walk } from "./walk.ts";

/** A definition as a flow: each of its steps is a checkpoint, a wait, a sleep or a child. */
export function interpreted(
  definition: WorkflowDefinition,
  { ports, functions }: { ports: StepPorts; functions: StepFunctions },
): FlowDefinition {
  const { name, models } = definition;
  const { inputSchema: json, description, limits } = describeDefinition(definition);
  return {
    name,
    fn: (input: unknown) => run(definition, input, { ports, functions }),
    retries: 0,
    timeoutMs: null,
    cache: false,
    isolate: false,
    limits,
    models,
    input: () => ({ json, parse: async (value) => value }),
    // The checkpoints of a step are called as it is, or as it is with a dot and what they do.
    stepAt: (selector) => /(?:^|\/)([\w-]+)[^/]*$/.exec(selector)?.[1],
    describe: () => ({ inputSchema: json, options: { description, limits } }),
  };
}

async function run(
  definition: WorkflowDefinition,
  input: unknown,
  { ports, functions }: { ports: StepPorts; functions: StepFunctions },
): Promise<unknown> {
  const { runtime } = requireFlowScope("a definition", "it runs as a flow");
  const { settings } = runtime;
  const context = { ports, functions, settings, timeoutMs: definition.timeout, runList };
  const inputs = withDefaults(definition.inputs, (input ?? {}) as Record<string, unknown>);
  const builtIns = {
    ...clockNames(now(), timezoneOf(definition)),
    project_root: ports.projectRoot,
    execution_id: executionId(),
  };
  const walk: Walk = { context, steps: definition.steps, scope: { inputs, builtIns, steps: {}, locals: {} } };
  const { last } = await runList(walk);
  return definition.outputs === undefined ? last : outputsOf(definition.outputs, walk);
}

/** Dates are those of the place for which it is scheduled. */
export function timezoneOf({ triggers }: WorkflowDefinition): string {
  for (const trigger of triggers) if (trigger.type === "cron") return trigger.timezone;
  return "UTC";
}

function outputsOf(outputs: unknown, walk: Walk): unknown {
  try {
    return fillIn(outputs, walk.scope);
  } catch (error) {
    if (error instanceof MissingValueError) throw new MisuseError(`outputs: ${error.message}. ${error.hint}`);
    throw error;
  }
}
