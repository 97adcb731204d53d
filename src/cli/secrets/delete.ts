import { UserError } from "../../core/errors.ts";
import { loadPrompts } from "../ask/ask-wait.ts";
import { exitCodes } from "../exit-codes.ts";
import { withApp } from "../local-app.ts";
import type { Session } from "../session.ts";
import { harmless } from "../terminal-text.ts";
import { metadataView } from "./local-secrets.ts";

export async function deleteSecret(session: Session, name: string, { yes }: { yes?: boolean }): Promise<number> {
  const { output, command } = session;
  if (yes !== true && !(await isWanted(session, name))) {
    output.notice("Nothing was deleted.");
    return exitCodes.failed;
  }
  const secret = await withApp(session, ({ secrets }) => secrets.remove(name));
  const item = metadataView(secret);
  if (output.isJson) output.json({ command, item });
  else output.print(harmless(`${item.name} is deleted, with ${item.keys.join(", ")}.`));
  return exitCodes.ok;
}

async function isWanted({ output }: Session, name: string): Promise<boolean> {
  if (!output.canAsk) {
    throw new UserError("invalid_input", `there is nobody to ask whether ${name} is to be deleted`, {
      hint: `savepoint secrets delete ${name} --yes deletes it without asking.`,
    });
  }
  const { confirm } = await loadPrompts(output);
  return (
    (await confirm({ message: harmless(`Delete the secret ${name} with all its keys?`), initialValue: false })) === true
  );
}
