import type { App } from "../app.ts";
import { parseDuration } from "../core/durations.ts";
import { UserError } from "../core/errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { withApp } from "./local-app.ts";
import type { Session } from "./session.ts";

type Cleaned = Awaited<ReturnType<App["clean"]>>;

export interface CleanOptions {
  olderThan?: string;
  dryRun?: boolean;
}

/** `savepoint clean`. */
export async function runClean(session: Session, { olderThan, dryRun = false }: CleanOptions): Promise<number> {
  const olderThanMs = ageOf(olderThan);
  const cleaned = await withApp(session, (app) => app.clean({ olderThanMs, isDryRun: dryRun }));
  const { output, command } = session;
  const item = { ...cleaned, older_than: olderThan, dry_run: dryRun };
  if (output.isJson) output.json({ command, item });
  else output.print(`${dryRun ? "Would remove" : "Removed"} ${sentence(cleaned)}.`);
  return exitCodes.ok;
}

function ageOf(text: string | undefined): number {
  if (text === undefined) {
    throw new UserError("invalid_input", "--older-than is missing: what ended how long ago is to go?", {
      hint: "savepoint clean --older-than 30d --dry-run shows what would go.",
    });
  }
  return parseDuration(text, "s", "--older-than");
}

function sentence({ executions, versions, blobs, bytes }: Cleaned): string {
  const megabytes = (bytes / 1_048_576).toFixed(bytes > 10_485_760 ? 0 : 1);
  return `${many(executions, "execution")}, ${many(versions, "version")} of workflows and ${many(blobs, "stored value")} (${megabytes} MiB)`;
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
