import type { App } from "../../app.ts";
import { nearest } from "../../core/suggest.ts";
import { exitCodes } from "../exit-codes.ts";
import { withApp } from "../local-app.ts";
import type { Session } from "../session.ts";
import { glyph } from "../style.ts";
import { harmless } from "../terminal-text.ts";

export interface RegisterOptions {
  secret?: string;
  baseUrl?: string;
  default?: boolean;
}

type Alias = ReturnType<App["models"]["aliases"]["list"]>[number];

export async function registerAlias(
  session: Session,
  [name = "", model = ""]: string[],
  options: RegisterOptions,
): Promise<number> {
  const { alias, isNew, hasKey } = await withApp(session, ({ models, secrets }) => {
    const names = secrets.list().map((one) => one.name);
    const link = secretLink(options.secret, names);
    const { alias, isNew } = models.aliases.register({ name, model, ...link, baseUrl: options.baseUrl });
    if (options.default === true) models.aliases.setDefault(name);
    const kept = models.aliasOverview().find((one) => one.name === name);
    return { alias: models.aliases.find(name) ?? alias, isNew, hasKey: kept?.key.isReady === true };
  });
  const { output } = session;
  tell(session, alias, `${alias.name} is ${alias.model}${isNew ? "" : ", from now on"}.`);
  if (output.isJson) return exitCodes.ok;
  if (alias.isDefault) output.notice(`It is the default: what names no model calls ${alias.name}.`);
  if (!hasKey) output.warn(`There is no key for it yet; \`savepoint models list\` shows where keys come from.`);
  return exitCodes.ok;
}

export async function removeAlias(session: Session, name: string): Promise<number> {
  const { alias, others } = await withApp(session, ({ models }) => {
    const removed = models.aliases.remove(name);
    return { alias: removed, others: models.aliases.list() };
  });
  tell(session, alias, `${alias.name} is removed.`);
  if (alias.isDefault && !session.output.isJson) {
    const next = others[0]?.name;
    session.output.warn(
      `It was the default, and there is none now.${next === undefined ? "" : ` \`savepoint models default ${next}\` chooses one.`}`,
    );
  }
  return exitCodes.ok;
}

export async function chooseDefault(session: Session, name: string): Promise<number> {
  const alias = await withApp(session, ({ models }) => models.aliases.setDefault(name));
  tell(session, alias, `${alias.name} is the default: what names no model calls ${alias.model}.`);
  return exitCodes.ok;
}

/** Names of secrets may hold dots, and keys cannot; a mistyped name is told as a whole where one is near. */
function secretLink(
  text: string | undefined,
  names: readonly string[],
): { secret?: string; secretKey?: string | undefined } {
  if (text === undefined) return {};
  const dot = text.lastIndexOf(".");
  const isSplit = dot >= 0 && !names.includes(text);
  const isMistyped = !names.includes(text.slice(0, dot)) && nearest(text, names).length > 0;
  if (!isSplit || isMistyped) return { secret: text };
  return { secret: text.slice(0, dot), secretKey: text.slice(dot + 1) };
}

function tell({ output, command }: Session, alias: Alias, text: string): void {
  if (output.isJson) output.json({ command, item: aliasView(alias) });
  else output.print(`${glyph("completed", output.style)} ${harmless(text)}`);
}

function aliasView({ name, model, secret, secretKey, baseUrl, isDefault }: Alias) {
  return { name, model, is_default: isDefault, secret, secret_key: secretKey, base_url: baseUrl };
}
