import { type Command, InvalidArgumentError, Option } from "commander";
import { globalsOf } from "./globals.ts";
import type { ServeCommandOptions } from "./serve.ts";
import { runSession } from "./session.ts";
import type { WorkerCommandOptions } from "./worker.ts";

export const stayingCommands: readonly string[] = ["mcp", "serve", "worker"];

/** The commands that stay: servers and workers. Each loads what it needs when it runs. */
export function registerProcesses(program: Command): void {
  const mcp = program
    .command("mcp")
    .summary("serve MCP over stdio, for an agent's client to start")
    .description("Serve MCP over stdio; what `node dist/server.js` does.");
  mcp.option(...groupsOption);
  mcp.action(async ({ groups }: { groups?: string[] }) => {
    const { project } = globalsOf(mcp);
    await (await import("../server.ts")).serve({ project, groups });
  });

  const serve = program
    .command("serve")
    .summary("serve MCP and REST over HTTP, until stopped")
    .description(
      "Serve MCP and REST over HTTP on this machine, with the project's token, and run its executions. Prints how to connect.",
    )
    .option("--port <n>", "0 for any that is free (default: http.port of the configuration, 7420)", portNumber)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option(
      "--concurrency <n>",
      "executions at a time (default: worker.concurrency of the configuration, 10)",
      positiveInteger,
    )
    .option(...groupsOption)
    .option("--no-worker", "run executions in a process of its own, which outlives the server");
  serve.action(async (options: ServeCommandOptions) => {
    await (await import("./serve.ts")).runServeCommand(options, globalsOf(serve));
  });

  const worker = program
    .command("worker")
    .summary("run executions of a project until stopped")
    .description("Run executions of a project until stopped. Other commands start one by themselves when none lives.")
    .option(
      "--concurrency <n>",
      "executions at a time (default: worker.concurrency of the configuration, 10)",
      positiveInteger,
    )
    .addOption(new Option("--detached-as <id>", "the place reserved by the process that started this one").hideHelp())
    .addOption(new Option("--run <execution>", "run this one, for the worker that holds it").hideHelp())
    .addOption(new Option("--as <worker>", "the worker that holds it").hideHelp())
    .addOption(new Option("--epoch <n>", "the epoch in which it does").hideHelp().argParser(positiveInteger));
  registerWorkerStop(worker);
  worker.action(async ({ run, as, epoch, ...options }: WorkerOptions) => {
    const { project } = globalsOf(worker);
    if (run !== undefined && as !== undefined && epoch !== undefined) {
      await (await import("./sole-run.ts")).runSolelyCommand({ project, run, as, epoch });
    } else {
      await (await import("./worker.ts")).runWorkerCommand({ ...options, ...(project !== undefined && { project }) });
    }
  });
}

const groupsOption = [
  "--groups <names>",
  "groups of tools that MCP clients are offered, separated by commas; all, or executions, workflows, artifacts, secrets, stacks, server, models, statistics (default: all but the last two)",
  (text: string) => text.split(",").map((name) => name.trim()),
] as const;

function registerWorkerStop(worker: Command): void {
  const stop = worker
    .command("stop")
    .summary("stop the worker in the background")
    .description(
      "Stop the worker in the background once it has finished what it runs; executions go on with the next one. " +
        "A worker keeps the environment that it was started with: stop it after a change of keys, of SAVEPOINT_* or OTEL_* variables.",
    );
  stop.action(async () => {
    await runSession(globalsOf(stop), "worker.stop", async (session) =>
      (await import("./worker-stop.ts")).runWorkerStop(session),
    );
  });
}

type WorkerOptions = Omit<WorkerCommandOptions, "project"> & { run?: string; as?: string; epoch?: number };

function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number above 0.");
}

function portNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
}
