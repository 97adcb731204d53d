import type { Command } from "commander";
import { globalsOf } from "./globals.ts";
import { runSession } from "./session.ts";

/** What only a person at this machine may do: agents have no operation that deletes records. */
export function registerMaintenance(program: Command): void {
  const command = program
    .command("clean")
    .summary("remove old executions with all that belongs to them")
    .description(
      "Removes executions that ended longer ago than an age, with their journals, logs, events and artifacts, and versions and stored values that nothing needs any more. What runs or waits is never touched, nor a family of which a part still does.",
    )
    .option("--older-than <age>", 'how long ago they ended: "30d", "12h"')
    .option("--dry-run", "only say what would go")
    .addHelpText("after", "\nExample:\n  savepoint clean --older-than 30d --dry-run");
  command.action(async () => {
    await runSession(globalsOf(command), "clean", async (session) =>
      (await import("./clean.ts")).runClean(session, command.opts()),
    );
  });
}
