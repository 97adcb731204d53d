import type { Command } from "commander";
import { catalogue } from "../tools/catalogue.ts";
import type { Operation } from "../tools/operation.ts";
import { performAndTell } from "./answers.ts";
import { derivedCommandOf, inCommandForm, inFlagForm, wordsOf } from "./command-form.ts";
import { asksForOutcome, statusNotes } from "./exit-codes.ts";
import { flagsOf } from "./flags.ts";
import { globalsOf } from "./globals.ts";
import { takeArguments } from "./operation-command.ts";
import { runSession } from "./session.ts";

/** Commands that do more than their operation are made where that is. */
const ownForms: readonly string[] = ["workflows_validate"];

/** Every operation of the catalogue as a command: `executions_abort_wait` is `savepoint executions abort-wait`. */
export function registerDerived(program: Command): void {
  for (const operation of catalogue) {
    const [group = "", verb] = wordsOf(operation.name).split(" ");
    // An operation without a group is an everyday word already.
    if (verb === undefined || ownForms.includes(operation.name)) continue;
    describeCommand(groupNamed(program, group).command(verb), operation);
  }
}

function groupNamed(program: Command, name: string): Command {
  const known = program.commands.find((command) => command.name() === name);
  if (known !== undefined) return known;
  const verbs = catalogue
    .filter((one) => one.name.startsWith(`${name}_`))
    .map((one) => wordsOf(one.name).split(" ")[1]);
  return program.command(name).summary(verbs.join(", ")).description(`Operations on ${name}, as agents have them.`);
}

function describeCommand(command: Command, operation: Operation): void {
  const positionals = flagsOf(operation)
    .filter(({ isRequired }) => isRequired)
    .slice(0, 1)
    .map(({ field }) => field);
  const example = derivedCommandOf(operation.name, operation.example, positionals);
  const usage = `savepoint ${wordsOf(operation.name)}`;
  command
    .summary(operation.title)
    .description(inCommandForm(inFlagForm(operation.description, operation, { positionals })))
    .addHelpText("after", helpAfter(operation.name, example));
  const typed = takeArguments(command, operation, { usage, example, positionals, hasFlagsForAll: true });
  command.action(async () => {
    await runSession(globalsOf(command), operation.name.replace("_", "."), (session) =>
      performAndTell(session, operation.name, typed.read(command), typed.spoken),
    );
  });
}

function helpAfter(name: string, example: string): string {
  // Where it may wait, its exit code may tell how the execution is.
  const notes = asksForOutcome(name, { wait_seconds: 1 }) ? [...statusNotes, ""] : [];
  return ["", ...notes, "Example:", `  ${example}`].join("\n");
}
