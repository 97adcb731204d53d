import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type App, openApp } from "../app.ts";
import { messageOf } from "../core/errors.ts";
import type { Limits } from "../core/guardrails.ts";
import { type ExecutionStatus, isTerminal } from "../core/statuses.ts";
import { decodeValue } from "../core/values.ts";
import { ExecutionFailed } from "../flows/errors.ts";
import type { Handle, Launcher, ReadRunOptions, ReplayOptions } from "../flows/handles.ts";
import { readWaitLimit } from "../flows/run-options.ts";
import { catalogue } from "../tools/catalogue.ts";
import { executionsReplay } from "../tools/executions-replay.ts";
import { executionsRun } from "../tools/executions-run.ts";
import type { HandlerContext } from "../tools/operation.ts";

const longestWatchMs = 24 * 3_600_000;

/** Opens the project of the working directory for a script that calls `.run()` or `.replay()` on a flow. */
export async function openFlowLauncher(): Promise<Launcher> {
  return launcherOn(await openApp());
}

/** The same on a project that is open already. */
export function launcherOn(app: App): Launcher {
  const signal = new AbortController().signal;
  const context: HandlerContext = { app, signal, onProblem: warn, operations: catalogue };
  return {
    run: (flow, input, options) => run(context, targetOf(app, flow), input, options),
    replay: (executionId, options) => replay(context, executionId, options),
  };
}

/** The same operation that an agent calls, except that it never waits and takes values that JSON does not have. */
async function run(context: HandlerContext, target: string, input: unknown, options: ReadRunOptions): Promise<Handle> {
  const { stack = "local", tags = [], timeout, idempotencyKey, limits, models } = options;
  const { execution_id } = await executionsRun.handler(context, {
    target,
    input: input as never,
    wait_seconds: 0,
    stack,
    tags,
    timeout: timeout === undefined ? undefined : inMilliseconds(timeout),
    idempotency_key: idempotencyKey,
    parent_execution_id: undefined,
    guardrails: limits && givenLimits(limits),
    models,
    timeouts: undefined,
    workspace: undefined,
  });
  return handleOf(context.app, execution_id);
}

async function replay(context: HandlerContext, executionId: string, options: ReplayOptions): Promise<Handle> {
  const { from, overrides, input, code = "original", reuseAnswers = false, idempotencyKey } = options;
  const { execution } = await executionsReplay.handler(context, {
    execution_id: executionId,
    from,
    overrides: overrides as never,
    input: input as never,
    code,
    reuse_answers: reuseAnswers,
    dry_run: false,
    wait_seconds: 0,
    idempotency_key: idempotencyKey,
  });
  if (execution === null) throw new Error("a replay made no execution");
  return handleOf(context.app, execution.execution_id);
}

function handleOf(app: App, executionId: string): Handle {
  const watch = (timeoutMs: number, enough: (status: ExecutionStatus) => boolean) =>
    app.engine.watch(executionId, ({ status }) => enough(status), { timeoutMs });
  return {
    executionId,
    status: async () => (await watch(0, () => true)).status,
    async wait(options) {
      const timeoutMs = readWaitLimit(options) ?? longestWatchMs;
      return (await watch(timeoutMs, (status) => status !== "queued" && status !== "running")).status;
    },
    async result() {
      for (;;) {
        const execution = await watch(longestWatchMs, isTerminal);
        if (execution.status === "completed") {
          return execution.result === null ? undefined : decodeValue(app.store.payloads.read(execution.result));
        }
        if (execution.status === "failed" || execution.status === "cancelled") {
          throw new ExecutionFailed(execution.id, execution.status, execution.failure);
        }
      }
    },
  };
}

function targetOf({ config }: App, { name, file }: { name: string; file: string | undefined }): string {
  if (file === undefined) return name;
  const path = file.startsWith("file:") ? fileURLToPath(file) : file;
  return `${relative(config.projectRoot, path).replaceAll("\\", "/")}:${name}`;
}

/** In an operation a bare number is seconds. */
function givenLimits({ max_time: ms, ...limits }: Limits) {
  return { ...limits, ...(ms === undefined ? {} : { max_time: `${ms}ms` }) };
}

/** In TypeScript a bare number is milliseconds, in an operation seconds. */
function inMilliseconds(timeout: string | number): string {
  return typeof timeout === "number" ? `${timeout}ms` : timeout;
}

function warn(message: string, cause: unknown): void {
  process.stderr.write(`savepoint: ${message}: ${messageOf(cause)}\n`);
}
