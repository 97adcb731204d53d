import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { App } from "./app.ts";
import { parseDuration } from "./core/durations.ts";
import { UserError } from "./core/errors.ts";
import { compileJsonSchema } from "./core/json-schema.ts";
import { isTerminal, type ExecutionStatus } from "./core/statuses.ts";
import { decodeValue } from "./core/values.ts";
import { ExecutionFailed } from "./flows/errors.ts";
import type { Handle, Launcher } from "./flows/handles.ts";
import type { Execution } from "./store/executions.ts";

const defaultWaitMs = 24 * 3_600_000;

/** Starts executions for scripts that import a flow and call `.run()` on it. */
export function createLauncher(app: App): Launcher {
  return {
    async run({ name, file }, input, options) {
      const target = file === undefined ? name : `${pathInProject(app, file)}:${name}`;
      const { version, flow } = await app.code.resolve(target);
      const problems = flow.inputSchema === null ? [] : compileJsonSchema(flow.inputSchema)(input);
      if (problems.length > 0) throw new UserError("invalid_input", `the input of ${name}: ${problems.join("; ")}`);
      const timeoutMs = options.timeout === undefined ? flow.options.timeoutMs : parseDuration(options.timeout, "ms");
      const execution = await app.engine.run({
        workflow: flow.name,
        target,
        version: version.hash,
        input,
        stack: options.stack ?? "local",
        trigger: "manual",
        tags: options.tags ?? [],
        timeoutMs: timeoutMs ?? null,
        idempotencyKey: options.idempotencyKey,
      });
      app.stack.ensureWorker();
      return handleOf(app, execution.id);
    },

    async replay(executionId, options) {
      const source = app.store.executions.byId(executionId);
      if (source === undefined) throw new UserError("not_found", `there is no execution ${executionId}`);
      const current = options.code === "current" ? (await app.code.resolve(source.target)).version : undefined;
      const version = current ?? app.describeVersion(source.version);
      const { execution } = await app.engine.replay(executionId, {
        from: options.from,
        overrides: options.overrides,
        input: options.input === undefined ? undefined : { value: layered(app, source, options.input) },
        reuseAnswers: options.reuseAnswers,
        idempotencyKey: options.idempotencyKey,
        version: { hash: version?.hash ?? source.version, checkpoints: version?.checkpoints ?? [] },
        timeoutMs: null,
      });
      if (execution === null) throw new Error("a replay made no execution");
      app.stack.ensureWorker();
      return handleOf(app, execution.id);
    },
  };
}

function handleOf(app: App, executionId: string): Handle {
  const watch = (timeoutMs: number, enough: (status: ExecutionStatus) => boolean) =>
    app.engine.watch(executionId, ({ status }) => enough(status), { timeoutMs });
  return {
    executionId,
    status: async () => (await watch(0, () => true)).status,
    async wait({ timeout } = {}) {
      const timeoutMs = timeout === undefined ? defaultWaitMs : parseDuration(timeout, "ms");
      return (await watch(timeoutMs, (status) => status !== "queued" && status !== "running")).status;
    },
    async result() {
      let execution = await watch(defaultWaitMs, isTerminal);
      while (!isTerminal(execution.status)) execution = await watch(defaultWaitMs, isTerminal);
      return resultOf(app, execution);
    },
  };
}

function resultOf({ store }: App, execution: Execution): unknown {
  switch (execution.status) {
    case "completed":
      return execution.result === null ? undefined : decodeValue(store.payloads.read(execution.result));
    case "failed":
    case "cancelled":
      throw new ExecutionFailed(execution.id, execution.status, execution.failure);
    default:
      throw new Error(`execution ${execution.id} has not ended`);
  }
}

/** New fields over the recorded ones; what is no object replaces the recorded input. */
function layered({ store }: App, source: Execution, input: unknown): unknown {
  const recorded = source.input === null ? undefined : decodeValue(store.payloads.read(source.input));
  return isFields(recorded) && isFields(input) ? { ...recorded, ...input } : input;
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function pathInProject({ config }: App, file: string): string {
  const path = file.startsWith("file:") ? fileURLToPath(file) : file;
  return relative(config.projectRoot, path).replaceAll("\\", "/");
}
