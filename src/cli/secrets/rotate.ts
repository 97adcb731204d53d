import { exitCodes } from "../exit-codes.ts";
import { withApp } from "../local-app.ts";
import type { Session } from "../session.ts";
import { glyph } from "../style.ts";

export interface RotateOptions {
  master?: boolean;
  newMasterKeyFromEnv?: string;
}

export async function rotateSecrets(
  session: Session,
  { master, newMasterKeyFromEnv: name }: RotateOptions,
): Promise<number> {
  const { output, command } = session;
  const made = master === true ? ({ from: "made" } as const) : undefined;
  const masterKey = name === undefined ? made : ({ from: "variable", name } as const);
  const rotation = await withApp(session, ({ secrets }) => secrets.rotate({ masterKey }));
  const item = { secrets: rotation.secrets, master_key: rotation.masterKey };
  if (output.isJson) output.json({ command, item });
  else {
    const what = rotation.secrets === 1 ? "1 secret is" : `${rotation.secrets} secrets are`;
    output.print(
      `${glyph("completed", output.style)} ${what} sealed with a new key, replaced and deleted ones included.`,
    );
  }
  if (made !== undefined && name === undefined) {
    output.notice(
      "The master key is a new one. Back up the folder that holds it: the old keys beside it open projects that were not opened since.",
    );
  }
  if (name !== undefined) {
    output.notice(
      `Now set SAVEPOINT_MASTER_KEY to the key of ${name} and restart what runs; until then running workers cannot read secrets.`,
    );
  }
  if (rotation.isLogLeft) {
    output.warn(
      "other processes were at work, so the database's log still holds what the old key opens; it is overwritten as they go on.",
    );
  }
  return exitCodes.ok;
}
