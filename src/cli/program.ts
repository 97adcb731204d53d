import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { isUserError } from "../core/errors.ts";
import { packageVersion } from "../core/runtime.ts";
import type { WorkerCommandOptions } from "./worker.ts";

/** Runs one command line and leaves its outcome in `process.exitCode`: 0, 1 for what failed, 2 for a usage mistake. */
export async function runProgram(argv: string[]): Promise<void> {
  try {
    await createProgram().parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its message; it gives 0 for help and version, and 1 for every mistake.
      if (error.exitCode !== 0) process.exitCode = 2;
    } else if (isUserError(error)) {
      process.stderr.write(`savepoint: ${error.message}\n${error.hint === undefined ? "" : `${error.hint}\n`}`);
      process.exitCode = 1;
    } else {
      throw error;
    }
  }
}

/** Each action imports what it needs when it runs, so that `--version` costs nothing else. */
function createProgram(): Command {
  const program = new Command("savepoint")
    .description("Durable workflows that AI agents drive over MCP.")
    .version(packageVersion())
    // Before the subcommands, which inherit it.
    .exitOverride()
    .showHelpAfterError("(--help lists what there is)");

  program
    .command("mcp")
    .description("serve MCP over stdio; what `node dist/server.js` does")
    .addOption(projectOption())
    .action(async (options: { project?: string }) => {
      await (await import("../server.ts")).serve(options);
    });

  program
    .command("worker")
    .description("run executions of a project until stopped")
    .addOption(projectOption())
    .option(
      "--concurrency <n>",
      "executions at a time (default: worker.concurrency of the configuration, 10)",
      positiveInteger,
    )
    .addOption(new Option("--detached-as <id>", "the place reserved by the process that started this one").hideHelp())
    .action(async (options: WorkerCommandOptions) => {
      await (await import("./worker.ts")).runWorkerCommand(options);
    });

  return program;
}

function projectOption(): Option {
  return new Option("--project <dir>", "project folder (default: SAVEPOINT_PROJECT, else the working directory)");
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number above 0.");
}
