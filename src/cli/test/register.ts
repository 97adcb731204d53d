import type { Command } from "commander";
import { reasonOnlyHere } from "../exceptions.ts";
import { globalsOf } from "../globals.ts";
import { runSession } from "../session.ts";
import type { TestCommandOptions } from "./options.ts";

const help = `
Files of the folder, for a step called fetch:
  fetch.output.json    what it comes to (fetch.json is the same)
  fetch.output.jsonl   one value for each visit or pass; blank lines and lines with # are skipped
  fetch.txt            what it comes to, as a text
  fetch.error.json     { "code": "…", "message": "…" }: it fails
  each[2].fetch.output.json   that of one pass of the loop each, counted from 0
  inputs.json, expected.json  the inputs, and what the workflow must answer

Exit codes: 0 as expected; 1 not; 2 wrong usage.

Examples:
  savepoint test release-notes --fixtures workflows/release-notes/fixtures
  savepoint test release-notes --fixtures fixtures -i tag=v1.2.0 --strict --output json
  savepoint test release-notes --fixtures fixtures --record 0199a3f2`;

/** `savepoint test`. */
export function registerTest(program: Command): void {
  const command = program
    .command("test <workflow>")
    .summary("run a definition with recorded outputs of its steps")
    .description(
      "Runs a definition on the real engine, in a temporary state folder: conditions, loops, parallel branches and events are real, sleeps end at once, " +
        "and every step that reaches beyond the workflow gets what a file of the folder holds. Nothing of the project is written. " +
        `No operation does it: ${reasonOnlyHere("test")}.`,
    )
    .option("--fixtures <dir>", "folder of recorded outputs")
    .option("-i, --field <key=value>", "one field of the input, JSON or text. Repeatable.", collect)
    .option("--live", "run the steps that have no fixture; people are asked here")
    .option("--workspace <dir>", "with --live: folder of the project in which steps work (default: a temporary one)")
    .option("--strict", "a file that nothing used is an error")
    .option("--record <execution>", "write fixtures of what this execution recorded, and run nothing")
    .option("--overwrite", "with --record: over files that are there")
    .addHelpText("after", help);
  command.action(async (workflow: string) => {
    await runSession(globalsOf(command), "test", async (session) =>
      (await import("./command.ts")).runTestCommand(session, workflow, command.opts<TestCommandOptions>()),
    );
  });
}

/** Here, since the one of the derived commands would load every operation. */
function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}
