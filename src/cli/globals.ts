import { type Command, Option } from "commander";

/** What every command takes, wherever it stands on the line. */
export interface Globals {
  project?: string;
  output: "text" | "json";
  color: boolean;
  quiet?: boolean;
}

/** Stands in the help of every command. */
export const globalsReminder = "With every command: --project <dir>, --output text|json, --no-color, -q.";

export function addGlobalOptions(program: Command): void {
  program
    .option("--project <dir>", "project folder (default: SAVEPOINT_PROJECT, else the working directory)")
    .addOption(new Option("--output <format>", "how answers are written").choices(["text", "json"]).default("text"))
    .option("--no-color", "plain text; NO_COLOR and FORCE_COLOR are honoured too")
    .option("-q, --quiet", "no notices on stderr, only the answer and errors");
}

export function globalsOf(command: Command): Globals {
  return command.optsWithGlobals<Globals>();
}
