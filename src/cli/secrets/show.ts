import { UserError } from "../../core/errors.ts";
import { didYouMean } from "../../core/suggest.ts";
import { exitCodes } from "../exit-codes.ts";
import { withApp } from "../local-app.ts";
import { facts } from "../present/page.ts";
import { pageOf } from "../present/presenters.ts";
import type { Session } from "../session.ts";
import { harmless, harmlessValue } from "../terminal-text.ts";
import { relativeTime } from "../time-text.ts";
import { metadataView } from "./local-secrets.ts";

const mask = "••••••••";

export async function showSecret(
  session: Session,
  name: string,
  { reveal }: { reveal?: string | true },
): Promise<number> {
  const { output, command } = session;
  const { values, secret } = await withApp(session, ({ secrets }) => {
    const found = secrets.list().find((one) => one.name === name);
    // The one that says in words that there is none.
    return { values: found === undefined || reveal !== undefined ? secrets.reveal(name) : {}, secret: found };
  });
  if (secret === undefined) throw new Error(`secret ${name} is there and not listed`);
  if (typeof reveal === "string") return revealOne(session, { name, key: reveal, values });
  const item = { ...metadataView(secret), ...(reveal === true && { values }) };
  if (output.isJson) output.json({ command, item });
  else {
    const page = pageOf(output);
    const lines = secret.keys.map((key): [string, string] => [key, values[key] ?? mask]);
    const readers = secret.workflows === null ? "" : `, only for ${secret.workflows.join(", ")}`;
    const about = `${secret.visibility}${harmless(readers)}, created ${relativeTime(item.created_at, page.now)}`;
    const shown = harmlessValue({ name: secret.name, lines });
    output.print([`${page.style.bold(shown.name)}  ${page.style.dim(about)}`, ...facts(shown.lines, page)].join("\n"));
  }
  return exitCodes.ok;
}

/** As it is, for pipes; with a newline behind it only where a person reads it. */
function revealOne(
  { output, command }: Session,
  { name, key, values }: { name: string; key: string; values: Readonly<Record<string, string>> },
): number {
  const value = Object.hasOwn(values, key) ? values[key] : undefined;
  if (value === undefined) {
    throw new UserError("not_found", `secret ${name} has no key ${JSON.stringify(key)}`, {
      hint: didYouMean(key, Object.keys(values)) ?? `It has: ${Object.keys(values).join(", ")}.`,
    });
  }
  if (output.isJson) output.json({ command, item: { name, key, value } });
  else if (output.isTerminal) output.print(harmlessValue(value));
  else process.stdout.write(value);
  return exitCodes.ok;
}
