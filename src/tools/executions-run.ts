import { z } from "zod";
import { UserError } from "../core/errors.ts";
import type { Limits } from "../core/guardrails.ts";
import { didYouMean } from "../core/suggest.ts";
import { parentFor } from "./agent-family.ts";
import { executionSchema, executionShown } from "./execution-schema.ts";
import { anyJson, idempotencyKey, waitSeconds } from "./fields.ts";
import { guardrails, limitsOf } from "./guardrails-input.ts";
import { defineOperation } from "./operation.ts";
import { limitOf, refuseUnfitSteps, refuseUnknownModels, timeouts, timeoutsOf } from "./step-settings.ts";
import { watchedView } from "./watching.ts";
import { checkInput } from "./workflow-input.ts";

const stackNames = ["local"];

const input = z.strictObject({
  target: z
    .string()
    .min(1)
    .describe(
      'What to run: the name of a workflow (workflows_list), "path/to/definition.md", "path/to/file.ts:flow", or "package/module:flow".',
    ),
  input: anyJson().optional().describe("Input of the workflow; it must fit the workflow's schema."),
  wait_seconds: waitSeconds(5),
  stack: z.string().min(1).default("local").describe("Where it runs; stacks_list shows what there is."),
  idempotency_key: idempotencyKey(),
  tags: z.array(z.string().min(1).max(100)).max(20).default([]).describe("Labels to find it by."),
  parent_execution_id: z
    .string()
    .min(1)
    .optional()
    .describe("The execution on whose behalf it is started: it is shown below that one and cancelled with it."),
  timeout: z
    .union([z.string(), z.number()])
    .optional()
    .describe('Limit for the whole execution, waits included: seconds, or "90s", "15m", "2h".'),
  guardrails: guardrails(),
  models: z
    .record(z.string(), z.string())
    .optional()
    .describe('Models for steps, { step: alias or "provider:model" }, "*" for all; models_list shows aliases.'),
  timeouts: timeouts(),
  workspace: z
    .string()
    .min(1)
    .optional()
    .describe("Folder of the project in which its programs work and its files are written; default: the project."),
});

export const executionsRun = defineOperation({
  name: "executions_run",
  title: "Run a workflow",
  description:
    "Starts a durable execution of a workflow and answers when it ends, asks something, or wait_seconds are over; it goes on without this call. " +
    "The input is checked before anything is queued. Follow `next` in the answer: executions_input answers what it asks, executions_get waits for more.",
  input,
  output: executionSchema,
  outputShown: executionShown,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  example: { target: "flows/review.ts:review", input: { topic: "otters" } },
  async handler(context, args) {
    const { app } = context;
    refuseUnknownStack(args.stack);
    const timeoutMs = args.timeout === undefined ? undefined : limitOf("timeout", args.timeout);
    const stepTimeouts = timeoutsOf(args.timeouts);
    if (args.workspace !== undefined) app.checkWorkspace(args.workspace);
    const resolved = await app.code.resolve(args.target);
    const { version, flow } = resolved;
    refuseUnfitSteps(resolved, { models: args.models, timeouts: stepTimeouts });
    refuseUnknownModels(app, resolved, args.models);
    // What takes named inputs takes none as well.
    const input = version.kind === "definition" ? (args.input ?? {}) : args.input;
    checkInput(resolved, input, (example) => ({
      name: "executions_run",
      args: { target: args.target, input: example },
    }));
    const queued = await app.engine.run({
      workflow: flow.name,
      target: version.kind === "definition" ? version.sourcePath : `${version.sourcePath}:${flow.exportName}`,
      version: version.hash,
      input,
      stack: args.stack,
      trigger: "api",
      tags: args.tags,
      timeoutMs: timeoutMs ?? flow.options.timeoutMs ?? null,
      ...parentFor(context, args.parent_execution_id),
      limits: layered(flow.options.limits, limitsOf(args.guardrails)),
      models: args.models,
      timeouts: stepTimeouts,
      workspace: args.workspace,
      idempotencyKey: args.idempotency_key,
    });
    app.stack.ensureWorker({ isAsked: true });
    return watchedView(context, queued, { seconds: args.wait_seconds });
  },
});

/** What the run says of a limit beats what the flow says. */
function layered(flow: Limits | undefined, run: Limits | undefined): Limits | undefined {
  return flow === undefined && run === undefined ? undefined : { ...flow, ...run };
}

function refuseUnknownStack(name: string): void {
  if (stackNames.includes(name)) return;
  throw new UserError("not_found", `stack: there is no stack ${JSON.stringify(name)}`, {
    hint: `${didYouMean(name, stackNames) ?? `There is: ${stackNames.join(", ")}.`} stacks_list shows more of them.`,
    details: { stacks: stackNames },
  });
}
