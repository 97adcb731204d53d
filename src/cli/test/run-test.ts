import type { App } from "../../app.ts";
import { UserError } from "../../core/errors.ts";
import { isTerminal } from "../../core/statuses.ts";
import { decodeForDisplay } from "../../core/values.ts";
import { callOperation } from "../../tools/call.ts";
import type { ExecutionView } from "../../tools/execution-schema.ts";
import { askWait } from "../ask/ask-wait.ts";
import type { Session } from "../session.ts";
import { differences } from "./differences.ts";
import { inputOf } from "./input.ts";
import type { TestCommandOptions } from "./options.ts";
import { type TestBed, withTestBed } from "./test-bed.ts";

export interface TestReport {
  valid: boolean;
  workflow: string;
  status: string;
  result: unknown;
  /** Undefined where nothing was expected. */
  expected: unknown;
  differences: string[];
  /** Of the steps that can have a fixture, how many have one, from 0 to 1. */
  coverage: number;
  steps_with_fixtures: string[];
  steps_without_fixtures: string[];
  steps_skipped: string[];
  steps_not_reached: string[];
  unused_fixtures: string[];
  failure: { code: string; message: string; step: string | null; hint: string | null } | null;
  duration_ms: number;
}

export interface TestPlan {
  workflow: string;
  folder: string;
  options: TestCommandOptions;
}

/** Runs a definition with its fixtures, in a state folder that is gone afterwards. */
export function runTest(session: Session, plan: TestPlan): Promise<TestReport> {
  const { folder, options } = plan;
  return withTestBed(session, { folder, isLive: options.live === true }, (bed) => performTest(bed, plan));
}

async function performTest(bed: TestBed, { workflow, options }: TestPlan): Promise<TestReport> {
  const { app, fixtures } = bed;
  const { definition, target } = await definitionOf(app, workflow);
  fixtures.standFor(definition);
  const begun = performance.now();
  const started = await call(bed, "executions_run", {
    target,
    input: inputOf(definition, { recorded: fixtures.inputs, typed: options.field ?? [] }),
    wait_seconds: 0,
    ...(options.workspace !== undefined && { workspace: options.workspace }),
  });
  const unasked = await toItsEnd(bed, started);
  const execution = app.findExecution(started.execution_id);
  const result = execution.status === "completed" ? resultOf(app, execution.result) : null;
  const { expected } = fixtures;
  const wrong = expected === undefined ? [] : differences(expected.value, result);
  const failure = failureOf(execution, unasked);
  const { unusedFiles, missing } = fixtures.use();
  const isUnused = options.strict === true && unusedFiles.length > 0;
  return {
    valid: failure === null && wrong.length === 0 && missing.length === 0 && !isUnused,
    workflow: definition.name,
    status: execution.status,
    result,
    expected: expected?.value,
    differences: wrong,
    ...stepsOf(bed, execution.seq),
    unused_fixtures: unusedFiles,
    failure,
    duration_ms: Math.round(performance.now() - begun),
  };
}

/** The last visit of each step counts. */
function stepsOf({ app, fixtures }: TestBed, seq: number) {
  const { leaves, withFixtures } = fixtures.use();
  const statuses = new Map(
    app.store.journal.load(seq).map(({ name, scope, kind, status }) => {
      // A child is called by its workflow's name.
      return [kind === "child" ? (scope.split("/").at(-1) ?? name) : name, status];
    }),
  );
  const share = leaves.length === 0 ? 1 : withFixtures.length / leaves.length;
  return {
    coverage: Math.round(share * 1_000) / 1_000,
    steps_with_fixtures: withFixtures,
    steps_without_fixtures: leaves.filter((id) => !withFixtures.includes(id)),
    steps_skipped: leaves.filter((id) => statuses.get(id) === "skipped"),
    steps_not_reached: leaves.filter((id) => !statuses.has(id)),
  };
}

async function definitionOf(app: App, workflow: string) {
  const found = await app.workflows.find(workflow);
  if (found.kind === "flow") {
    throw new UserError("unsupported", `${workflow} is a flow: fixtures stand for the steps of definitions`, {
      hint: 'Test a flow with openTestEngine of "savepoint/testing".',
    });
  }
  const { target, definition: checked } = found;
  const { definition, problems } = checked;
  if (definition !== undefined) return { definition, target };
  const [first] = problems.filter(({ severity }) => severity === "error");
  const where = first === undefined ? "" : `: ${first.file}:${first.line}:${first.column} ${first.message}`;
  throw new UserError("invalid_input", `${workflow} is not valid${where}`, {
    hint: `savepoint workflows validate ${workflow} shows all that is wrong.`,
    details: { problems },
  });
}

/**
 * Whoever is asked by a step that runs is asked at the terminal.
 * @returns the wait that nobody could be asked
 */
async function toItsEnd(bed: TestBed, { execution_id: id }: ExecutionView): Promise<string | undefined> {
  const { app, session } = bed;
  while (!isTerminal(app.findExecution(id).status)) {
    session.signal.throwIfAborted();
    const { pending_waits: waits } = await call(bed, "executions_get", { execution_id: id, wait_seconds: 10 });
    const [wait] = waits;
    if (wait === undefined) continue;
    const said = session.output.canAsk ? await askWait(wait, session.output, session.signal) : undefined;
    if (said === undefined) return wait.name;
    await call(bed, "executions_input", { execution_id: id, wait: wait.wait_id, value: said.value, wait_seconds: 0 });
  }
  return undefined;
}

async function call({ app, session }: TestBed, operation: string, args: object): Promise<ExecutionView> {
  const context = { app, signal: session.signal, onProblem: (message: string) => session.output.warn(message) };
  const outcome = await callOperation(context, operation, args);
  if (outcome.ok) return outcome.value as unknown as ExecutionView;
  const { code, message, hint, details } = outcome.error;
  throw new UserError(code, message, { hint: hint ?? undefined, details: details ?? undefined });
}

function failureOf(execution: ReturnType<App["findExecution"]>, unasked: string | undefined): TestReport["failure"] {
  if (unasked !== undefined) {
    const hint = `Write ${unasked}.output.json with what a person answers, or answer at a terminal.`;
    return { code: "nobody_there", message: `${unasked} asks, and there is nobody here`, step: unasked, hint };
  }
  if (execution.status !== "failed" && execution.status !== "cancelled") return null;
  const { code = "cancelled", message = "it was cancelled", step = null, hint = null } = execution.failure ?? {};
  return { code, message, step, hint };
}

function resultOf(app: App, column: string | null): unknown {
  if (column === null) return null;
  return app.store.protection.redactValue(decodeForDisplay(app.store.payloads.read(column)));
}
