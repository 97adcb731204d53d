import { isUserError } from "../../core/errors.ts";
import { ModelError } from "../../core/model-error.ts";
import type { Step } from "../../definitions/model/steps.ts";
import { requireScope } from "../../flows/scope.ts";
import type { StepAttempts, StepOutcome, StepRun } from "../step-kind.ts";

type ToolStep = Extract<Step, { type: "tool" }>;

/** Each report is an event of the execution, and servers may send thousands. */
const reportEveryMs = 100;

/** Calls a tool of an MCP server of the project, once in each attempt. */
export async function toolStep(run: StepRun<ToolStep>): Promise<StepOutcome> {
  const { server, tool, args } = run.step;
  const output = await run.checkpoint([server, tool, run.value(args)], () => callTool(run), {
    type: "tool_call",
    retries: whereItMayPass(run.attempts.retries),
  });
  return { output };
}

/** What is wrong with the call itself stays wrong; what a tool says of its work may pass. */
function whereItMayPass(retries: StepAttempts["retries"] = 0): NonNullable<StepAttempts["retries"]> {
  const given = typeof retries === "number" ? { max: retries } : retries;
  const isFinal = (error: unknown) =>
    isUserError(error) || (error instanceof ModelError && !error.isTransient && error.code !== "tool_failed");
  return { ...given, retryOn: (error) => !isFinal(error) };
}

async function callTool({ step, ports, withSecrets }: StepRun<ToolStep>): Promise<unknown> {
  const { runtime, checkpoint } = requireScope("a tool step");
  if (checkpoint === undefined) throw new Error("a tool was called outside of its checkpoint");
  const { server, tool } = step;
  const open = await withSecrets(step.args);
  const args = Object.fromEntries(Object.entries(step.args).map(([name, value]) => [name, open.value(value)]));
  let reportAt = 0;
  const make = (onSend: () => Promise<void>) =>
    ports.connections.callTool({
      server,
      tool,
      args,
      signal: checkpoint.signal,
      onSend,
      meta: { "savepoint/idempotencyKey": checkpoint.idempotencyKey },
      onProgress({ message, progress, total }) {
        if (performance.now() < reportAt) return;
        reportAt = performance.now() + reportEveryMs;
        runtime.progress({ stage: message ?? tool, current: progress, total }, checkpoint);
      },
    });
  return runtime.callTool({ server, tool, make }, checkpoint);
}
