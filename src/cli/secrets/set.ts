import { readFileSync } from "node:fs";
import type { App } from "../../app.ts";
import { UserError } from "../../core/errors.ts";
import { loadPrompts } from "../ask/ask-wait.ts";
import { reasonNotToType } from "../exceptions.ts";
import { exitCodes } from "../exit-codes.ts";
import { withApp } from "../local-app.ts";
import type { Session } from "../session.ts";
import { glyph } from "../style.ts";
import { harmless } from "../terminal-text.ts";
import { pairOf } from "../values.ts";
import { metadataView } from "./local-secrets.ts";

export interface SetOptions {
  fromEnv?: string[];
  fromFile?: string[];
  private?: boolean;
}

export async function setSecret(
  session: Session,
  [name = "", ...keys]: string[],
  options: SetOptions,
): Promise<number> {
  const fromEnv = pairsOf(options.fromEnv, "--from-env");
  const fromFile = pairsOf(options.fromFile, "--from-file");
  refuseTypedValues(keys);
  refuseTwice([...keys, ...Object.keys(fromEnv), ...Object.keys(fromFile)]);
  const asked = await askedValues(session, name, keys);
  if (asked === undefined) {
    session.output.notice("Nothing was stored.");
    return exitCodes.failed;
  }
  const { secret, warnings } = await withApp(session, ({ secrets, secretSources }: App) => {
    const values = { ...asked, ...secretSources.fromEnv(fromEnv), ...secretSources.fromFiles(fromFile, "person") };
    return secrets.set({ name, values, visibility: options.private === true ? "private" : "shared" });
  });
  const item = { ...metadataView(secret), warnings };
  if (session.output.isJson) session.output.json({ command: session.command, item });
  else
    session.output.print(
      `${glyph("completed", session.output.style)} ${harmless(`${item.name}: ${item.keys.join(", ")}`)}`,
    );
  if (!session.output.isJson) for (const warning of warnings) session.output.warn(warning);
  return exitCodes.ok;
}

function pairsOf(given: readonly string[] | undefined, flag: string): Record<string, string> {
  return Object.fromEntries((given ?? []).map((text) => pairOf(text, flag)));
}

function refuseTypedValues(keys: readonly string[]): void {
  const typed = keys.find((key) => key.includes("="));
  if (typed === undefined) return;
  const key = typed.slice(0, typed.indexOf("="));
  throw new UserError(
    "invalid_input",
    `the value of ${key} cannot be typed: ${reasonNotToType("secrets_create", "values")}`,
    {
      hint: `Give the key alone, and the value is asked for; or use --from-env ${key}=VARIABLE, --from-file ${key}=path, or stdin. Since it was typed now, remove it from the history, or better replace it where it came from.`,
    },
  );
}

function refuseTwice(keys: readonly string[]): void {
  const twice = keys.find((key, at) => keys.indexOf(key) !== at);
  if (twice !== undefined)
    throw new UserError("invalid_input", `${twice} is given twice`, { hint: "Give each key once." });
  if (keys.length > 0) return;
  throw new UserError("invalid_input", "there is no key to set", {
    hint: "For example: savepoint secrets set github TOKEN",
  });
}

/** Undefined where the person leaves. */
async function askedValues(
  session: Session,
  name: string,
  keys: string[],
): Promise<Record<string, string> | undefined> {
  if (keys.length === 0) return {};
  if (process.stdin.isTTY !== true) return { [onlyKey(keys)]: fromStdin(onlyKey(keys)) };
  const { password, isCancel } = await loadPrompts(session.output);
  const values: Record<string, string> = {};
  for (const key of keys) {
    const value = await password({
      message: harmless(`${name} ${key}`),
      output: process.stderr,
      validate: (text = "") => (text === "" ? "It is empty; Ctrl-C leaves without storing anything." : undefined),
    });
    if (isCancel(value)) return undefined;
    values[key] = value;
  }
  return values;
}

function onlyKey(keys: readonly string[]): string {
  const [key = "", ...others] = keys;
  if (others.length === 0) return key;
  throw new UserError("invalid_input", "without a terminal, stdin gives the value of one key only", {
    hint: "Call it once for each key, or use --from-env KEY=VARIABLE or --from-file KEY=path.",
  });
}

function fromStdin(key: string): string {
  const value = readFileSync(0, "utf8").replace(/\r?\n$/, "");
  if (value !== "") return value;
  throw new UserError("invalid_input", `the value of ${key} is empty: nothing came on stdin`, {
    hint: `For example: printf %s "$TOKEN" | savepoint secrets set github ${key}`,
  });
}
