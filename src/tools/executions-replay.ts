import { z } from "zod";
import type { App } from "../app.ts";
import { UserError } from "../core/errors.ts";
import { decodeForDisplay, decodeValue, encodeValue } from "../core/values.ts";
import { parentFor } from "./agent-family.ts";
import type { Execution, ReplayPlan, ResolvedFlow } from "./app-types.ts";
import { checkpointsOf } from "./artifact-refs.ts";
import { callText } from "./display.ts";
import { executionSchema } from "./execution-schema.ts";
import { anyJson, executionId, idempotencyKey, open, waitSeconds } from "./fields.ts";
import { defineOperation } from "./operation.ts";
import { refuseUnfitOverrides } from "./step-settings.ts";
import { watchedView } from "./watching.ts";
import { checkInput } from "./workflow-input.ts";

const mostNames = 200;
const note =
  "Only data passed as arguments is followed: a checkpoint that reads something else (a variable, a file) is not seen to depend on it. " +
  "A reused checkpoint runs again when its arguments turn out to have changed.";

const unusedNote =
  "unused_so_far: overridden, but not called in the source; an error at the end if the replay does not call it either.";

const input = z.strictObject({
  execution_id: executionId(),
  from: z
    .string()
    .min(1)
    .optional()
    .describe("Checkpoint (name, selector or id) from which it runs again; without it everything runs again."),
  overrides: z
    .record(z.string(), anyJson())
    .optional()
    .describe('Outputs to use instead of running: {"checkpoint.<selector>": value}.'),
  input: anyJson().optional().describe("Fields to lay over the recorded input; what is no object replaces it."),
  code: z.enum(["original", "current"]).default("original").describe("The code it ran with, or the file as it is now."),
  reuse_answers: z.boolean().default(false).describe("Take over answers that were given before the anchor."),
  dry_run: z.boolean().default(false).describe("Only answer the plan."),
  wait_seconds: waitSeconds(5),
  idempotency_key: idempotencyKey(),
});

const plan = z.object({
  reused: z.array(z.string()),
  overridden: z.array(z.string()),
  rerun: z.array(z.string()),
  asked: z.array(z.string()),
  answered: z.array(z.string()),
  children_reused: z.array(z.string()),
  children_started: z.array(z.string()),
  unused_so_far: z.array(z.string()),
  note: z.string(),
});

export const executionsReplay = defineOperation({
  name: "executions_replay",
  title: "Replay an execution",
  description:
    "Starts a new execution from the record of another, which stays as it is. Checkpoints that completed before `from` are reused, it and all after it run again; " +
    "overrides try out other outputs, code current uses the edited file. Waits are asked again. " +
    "dry_run shows the plan first. Answers { execution, plan }; follow execution.next.",
  input,
  output: z.object({ execution: executionSchema.nullable(), plan }),
  outputShown: z.looseObject({ plan: open() }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  example: { execution_id: "0199a3f2", from: "draft", dry_run: true },
  async handler(context, args) {
    const { app } = context;
    const source = app.findExecution(args.execution_id);
    const resolved = await codeFor(app, source, args.code);
    const { version, flow } = resolved;
    refuseUnfitOverrides(resolved, args.overrides);
    const outcome = await app.engine.replay(source.id, {
      ...parentFor(context),
      from: args.from,
      overrides: args.overrides,
      input: newInput(app, source, { resolved, args }),
      reuseAnswers: args.reuse_answers,
      dryRun: args.dry_run,
      idempotencyKey: args.idempotency_key,
      version: { hash: version.hash, checkpoints: version.checkpoints },
      timeoutMs: source.timeoutMs ?? flow.options.timeoutMs ?? null,
    });
    const planned = planView(outcome.plan, neverCalled(app, source, args.overrides ?? {}));
    if (outcome.execution === null) return { execution: null, plan: planned };
    app.stack.ensureWorker({ isAsked: true });
    const execution = await watchedView(context, outcome.execution, { seconds: args.wait_seconds });
    return { execution, plan: planned };
  },
});

async function codeFor(app: App, source: Execution, code: "original" | "current"): Promise<ResolvedFlow> {
  if (code === "original") return originalCode(app, source);
  const current = await app.code.resolve(source.target);
  const found = app.describeFlow(current.version.hash, source.workflow);
  if (found?.flow.exportName === current.flow.exportName) return current;
  throw new UserError(
    "invalid_input",
    `code: ${source.target} is called ${current.flow.name} now, and was ${source.workflow}`,
    {
      hint: `Give the flow its former name, or start afresh: ${callText("executions_run", { target: source.target })}`,
    },
  );
}

function originalCode(app: App, { version, workflow, target, parentSeq }: Execution): ResolvedFlow {
  const found = app.describeFlow(version, workflow);
  if (found !== undefined) return found;
  const described = app.describeVersion(version);
  // A child may run a flow that its file does not export, so that only the worker knows what input it takes.
  if (described !== undefined && parentSeq !== null) {
    return { version: described, flow: { exportName: workflow, name: workflow, inputSchema: null, options: {} } };
  }
  throw new UserError("not_found", `code: version ${version.slice(0, 12)} of ${target} is no longer there`, {
    hint: 'Pass code: "current" to run the file as it is now.',
  });
}

/** The recorded input with the new fields over it; undefined when the recorded one is to be used as it is. */
function newInput(
  app: App,
  source: Execution,
  { resolved, args }: { resolved: ResolvedFlow; args: z.output<typeof input> },
): { value: unknown } | undefined {
  if (args.input === undefined && args.code === "original") return undefined;
  const recorded = source.input === null ? undefined : decodeValue(app.store.payloads.read(source.input));
  const value = args.input === undefined ? recorded : layered(recorded, args.input);
  checkInput(resolved, value === undefined ? undefined : decodeForDisplay(encodeValue(value, "input")), (example) => ({
    name: "executions_replay",
    args: { execution_id: args.execution_id, ...(args.code === "current" && { code: args.code }), input: example },
  }));
  return args.input === undefined ? undefined : { value };
}

function layered(recorded: unknown, fields: unknown): unknown {
  return isFields(recorded) && isFields(fields) ? { ...recorded, ...fields } : fields;
}

function isFields(value: unknown): value is Record<string, unknown> {
  const prototype: unknown = typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
  return prototype === Object.prototype;
}

/** Overrides of checkpoints that the code declares and the source never reached. */
function neverCalled(app: App, source: Execution, overrides: Record<string, unknown>): string[] {
  const called = checkpointsOf(app, source).flatMap(({ name, selector, id }) => [name, selector, id]);
  const wanted = Object.keys(overrides).map((key) => key.slice("checkpoint.".length));
  return wanted.filter((name) => !called.includes(name));
}

function planView(found: Omit<ReplayPlan, "entries" | "request">, unused: string[]): z.input<typeof plan> {
  const { reused, overridden, rerun, asked, answered, childrenReused, childrenStarted } = found;
  return {
    reused: shortList(reused),
    overridden: shortList(overridden),
    rerun: shortList(rerun),
    asked: shortList(asked),
    answered: shortList(answered),
    children_reused: shortList(childrenReused),
    children_started: shortList(childrenStarted),
    unused_so_far: shortList(unused),
    note: unused.length === 0 ? note : `${note} ${unusedNote}`,
  };
}

function shortList(names: string[]): string[] {
  return names.length <= mostNames ? names : [...names.slice(0, mostNames), `… and ${names.length - mostNames} more`];
}
