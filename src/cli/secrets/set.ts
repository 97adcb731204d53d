import { readFileSync } from "node:fs";
import { UserError } from "../../core/errors.ts";
import { catalogue } from "../../tools/catalogue.ts";
import { ownWords } from "../../tools/own-words.ts";
import { loadPrompts } from "../ask/ask-wait.ts";
import { reasonNotToType } from "../exceptions.ts";
import { exitCodes } from "../exit-codes.ts";
import { withApp } from "../local-app.ts";
import type { Session } from "../session.ts";
import { glyph } from "../style.ts";
import { harmless } from "../terminal-text.ts";
import { pairOf } from "../values.ts";
import { unknownWorkflowWarnings } from "./known-workflows.ts";
import { metadataView, type SecretMetadata } from "./local-secrets.ts";

export interface SetOptions {
  fromEnv?: string[];
  fromFile?: string[];
  private?: boolean;
  workflow?: string[];
  allWorkflows?: boolean;
}

export async function setSecret(
  session: Session,
  [name = "", ...keys]: string[],
  options: SetOptions,
): Promise<number> {
  const fromEnv = pairsOf(options.fromEnv, "--from-env");
  const fromFile = pairsOf(options.fromFile, "--from-file");
  refuseTypedValues(keys);
  const workflows = workflowsOf(options);
  const all = [...keys, ...Object.keys(fromEnv), ...Object.keys(fromFile)];
  refuseTwice(all);
  if (all.length === 0) return restrictSecret(session, name, workflows);
  const asked = await askedValues(session, name, keys);
  if (asked === undefined) {
    session.output.notice("Nothing was stored.");
    return exitCodes.failed;
  }
  const { secret, warnings } = await withApp(session, async (app) => {
    const { secrets, secretSources } = app;
    const values = { ...asked, ...secretSources.fromEnv(fromEnv), ...secretSources.fromFiles(fromFile, "person") };
    const visibility = options.private === true ? "private" : "shared";
    const stored = secrets.set({ name, values, visibility, workflows, words: ownWords(catalogue) });
    return { ...stored, warnings: [...stored.warnings, ...(await unknownWorkflowWarnings(app, workflows))] };
  });
  present(session, secret, warnings);
  return exitCodes.ok;
}

/** Changes who may read a secret, and nothing else of it. */
async function restrictSecret(session: Session, name: string, workflows: string[] | null | undefined): Promise<number> {
  if (workflows === undefined) {
    throw new UserError("invalid_input", "there is no key to set", {
      hint: "For example: savepoint secrets set github TOKEN",
    });
  }
  const { secret, warnings } = await withApp(session, async (app) => ({
    secret: app.secrets.restrict(name, workflows),
    warnings: await unknownWorkflowWarnings(app, workflows),
  }));
  present(session, secret, warnings);
  return exitCodes.ok;
}

function present({ output, command }: Session, secret: SecretMetadata, warnings: readonly string[]): void {
  const item = { ...metadataView(secret), warnings };
  if (output.isJson) return output.json({ command, item });
  const readers = item.workflows === null ? "" : `; only for ${item.workflows.join(", ")}`;
  output.print(`${glyph("completed", output.style)} ${harmless(`${item.name}: ${item.keys.join(", ")}${readers}`)}`);
  for (const warning of warnings) output.warn(harmless(warning));
}

/** Null: all; undefined: as it is. */
function workflowsOf({ workflow, allWorkflows }: SetOptions): string[] | null | undefined {
  if (allWorkflows !== true) return workflow;
  if (workflow === undefined) return null;
  throw new UserError("invalid_input", "--workflow and --all-workflows say the opposite of each other", {
    hint: "Give --workflow for each workflow that may read the secret, or --all-workflows alone.",
  });
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
