import { resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import { exitCodes } from "../exit-codes.ts";
import { pageOf } from "../present/presenters.ts";
import type { Session } from "../session.ts";
import { harmlessValue } from "../terminal-text.ts";
import type { TestCommandOptions } from "./options.ts";
import { recordFixtures } from "./record.ts";
import { reportText } from "./report-text.ts";
import { runTest } from "./run-test.ts";

/** `savepoint test`: answers the exit code. */
export async function runTestCommand(session: Session, workflow: string, options: TestCommandOptions): Promise<number> {
  const { output, command } = session;
  if (options.fixtures === undefined) {
    throw new UserError("invalid_input", "--fixtures is missing: in which folder are the recorded outputs?", {
      hint: `savepoint test ${workflow} --fixtures fixtures; --record EXECUTION_ID makes the folder of a past run.`,
    });
  }
  const folder = resolve(options.fixtures);
  if (options.record !== undefined) {
    const recorded = await recordFixtures(session, { workflow, folder, options });
    if (output.isJson) output.json({ command, item: recorded });
    else output.print([`Wrote ${recorded.written.length} files.`, ...recorded.notes].join("\n"));
    return exitCodes.ok;
  }
  const report = await runTest(session, { workflow, folder, options });
  if (output.isJson) output.json({ command, item: report });
  else output.print(reportText(harmlessValue(report), pageOf(output)));
  return report.valid ? exitCodes.ok : exitCodes.failed;
}
