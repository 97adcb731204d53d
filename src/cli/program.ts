import { Command, CommanderError, Help } from "commander";
import { isUserError, type UserError } from "../core/errors.ts";
import { packageVersion } from "../core/runtime.ts";
import { exitCodeOfError, exitCodes } from "./exit-codes.ts";
import { addGlobalOptions, globalsOf, globalsReminder } from "./globals.ts";
import { registerMaintenance } from "./maintenance.ts";
import { createOutput, endQuietlyWithTheReader } from "./output.ts";
import { overview } from "./overview.ts";
import { registerProcesses, stayingCommands } from "./processes.ts";
import { runSession } from "./session.ts";
import { registerTest } from "./test/register.ts";
import { words } from "./words.ts";

/** Runs one command line and leaves its outcome in `process.exitCode`, as `exit-codes.ts` has them. */
export async function runProgram(argv: string[]): Promise<void> {
  const typed = commandWords(argv);
  // Servers and workers see for themselves to streams that break.
  if (!stayingCommands.includes(typed[0] ?? "")) endQuietlyWithTheReader();
  const program = await createProgram(typed[0]);
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (isUserError(error)) return tellError(program, error, typed);
    if (!(error instanceof CommanderError)) throw error;
    // Commander gives 0 for help and version, and 1 for every mistake.
    if (error.exitCode === 0) return;
    process.exitCode = exitCodes.usage;
    if (error.code !== "commander.help") tellUsage(program, error.message, typed);
  }
}

/** Only what this command needs is loaded: the first help and `--version` need no operation. */
async function createProgram(word: string | undefined): Promise<Command> {
  const program = baseProgram();
  registerProcesses(program);
  registerOperationsList(program);
  registerMaintenance(program);
  registerTest(program);
  const isReady = word === undefined || program.commands.some((command) => command.name() === word);
  for (const { name, summary } of words) program.command(name).summary(summary);
  if (word === undefined) program.action(() => program.outputHelp());
  if (isReady) return program;
  const everyday = words.find(({ name }) => name === word);
  await fillInWords(program, everyday === undefined ? words : [everyday]);
  if (everyday !== undefined) return program;
  (await import("./derived.ts")).registerDerived(program);
  (await import("./secrets/register.ts")).registerSecrets(program);
  (await import("./models/register.ts")).registerModels(program);
  (await import("./workflows/register.ts")).registerWorkflows(program);
  return program;
}

function baseProgram(): Command {
  const program: Command = new Command("savepoint")
    .description("Durable workflows that AI agents drive over MCP.")
    .version(packageVersion())
    .helpCommand("help [command]", "what a command does and takes")
    // Before the subcommands, which inherit them. What is wrong is said by `tellUsage`.
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .configureHelp({
      formatHelp: (command, help) =>
        command === program
          ? overview(program, help)
          : `${Help.prototype.formatHelp.call(help, command, help)}\n${globalsReminder}\n`,
    });
  addGlobalOptions(program);
  return program;
}

function registerOperationsList(program: Command): void {
  const command = program
    .command("operations")
    .summary("every operation that agents have, as a command")
    .description("List every operation that agents have, and the command that is the same.");
  command.action(async () => {
    const { listOperations } = await import("./operations-list.ts");
    await runSession(globalsOf(command), "operations", listOperations);
  });
}

async function fillInWords(program: Command, wanted: typeof words): Promise<void> {
  const { registerWord } = await import("./words/register.ts");
  for (const word of wanted) {
    const command = program.commands.find((one) => one.name() === word.name);
    if (command !== undefined) registerWord(command, word);
  }
}

/** The words before the first flag, past the values of the flags that stand anywhere. */
function commandWords(argv: readonly string[]): string[] {
  const [first, second] = argv.filter(
    (text, at) => !text.startsWith("-") && !["--project", "--output"].includes(argv[at - 1] ?? ""),
  );
  return [first, second].filter((text) => text !== undefined);
}

/** What servers and workers could not begin with; other commands tell their errors themselves. */
function tellError(program: Command, error: UserError, [word]: readonly string[]): void {
  createOutput(globalsOf(program)).error(word ?? null, error);
  process.exitCode = exitCodeOfError(error);
}

function tellUsage(program: Command, message: string, [word = "", verb = ""]: readonly string[]): void {
  const [, what = message, suggestion] = /^(?:error: )?([^\n]*)(?:\n\((.*)\))?/.exec(message) ?? [];
  const group = program.commands.find((command) => command.name() === word);
  const isVerb = group?.commands.some((command) => command.name() === verb) === true;
  const known = [group === undefined ? "" : word, isVerb ? verb : ""].filter((text) => text !== "");
  const operation = words.find(({ name }) => name === word)?.operation.replace("_", ".");
  createOutput(globalsOf(program)).error(
    operation ?? (known.length === 0 ? null : known.join(".").replaceAll("-", "_")),
    {
      code: "invalid_input",
      message: what,
      hint: suggestion ?? `${["savepoint", ...known].join(" ")} --help shows what there is.`,
    },
  );
}
