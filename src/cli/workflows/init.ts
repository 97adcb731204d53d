import { exitCodes } from "../exit-codes.ts";
import { withApp } from "../local-app.ts";
import type { Session } from "../session.ts";
import { glyph } from "../style.ts";
import { exampleName, exampleText } from "./templates.ts";

/** Where there are definitions already, nothing is written. */
export async function initWorkflows(session: Session): Promise<number> {
  const { output, command } = session;
  const { target, isNew } = await withApp(session, async ({ workflows }) => {
    const [first] = workflows.files.names();
    const [there] = first === undefined ? [] : workflows.files.named(first);
    if (there !== undefined) return { target: there, isNew: false };
    const { path } = await workflows.save({ name: exampleName, text: exampleText, overwrite: false });
    return { target: path, isNew: true };
  });
  if (output.isJson) {
    output.json({ command, item: { target, created: isNew } });
    return exitCodes.ok;
  }
  if (isNew) {
    output.print(`${glyph("completed", output.style)} ${target} is written.`);
    output.notice(`savepoint run ${exampleName} -i who=Ada --follow runs it; savepoint workflows new makes another.`);
  } else {
    output.print(`There are definitions already, ${target} for example.`);
    output.notice("savepoint workflows list shows them; savepoint workflows new makes another.");
  }
  return exitCodes.ok;
}
