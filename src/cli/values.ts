import { readFileSync } from "node:fs";
import { messageOf, UserError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";
import type { Flag, FlagKind } from "./flags.ts";

/** Where `@file` and `-` are read from. */
export interface Sources {
  file(path: string): string;
  stdin(): string;
}

/** The files and the standard input of this process; the latter can be read once. */
export function processSources(): Sources {
  let isRead = false;
  return {
    file: (path) => readFileSync(path, "utf8"),
    stdin() {
      if (isRead) throw usage("stdin (-) can be given to one flag only", "Put the other value into a file: @file.json");
      isRead = true;
      return readFileSync(0, "utf8");
    },
  };
}

/** Where a flag's text stands. */
export interface Place {
  /** The flag as the user wrote it, for messages. */
  readonly label: string;
  readonly sources: Sources;
}

/**
 * The value that a flag's texts stand for.
 * @throws UserError `invalid_input`
 */
export function readFlag(flag: Pick<Flag, "kind" | "neverTyped">, texts: readonly string[], at: Place): unknown {
  const { kind, neverTyped } = flag;
  if (neverTyped !== undefined) refuseTyped(texts, at.label, neverTyped);
  if (kind.type === "list") return texts.map((text) => single(kind.item, text, at));
  if (kind.type !== "record") return single(kind, texts.at(-1) ?? "", at);
  return Object.fromEntries(texts.flatMap((text) => entriesOf(kind.value, text, at)));
}

/** JSON where the text is JSON, else the text itself. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `key=value` as a pair. @throws UserError `invalid_input` */
export function pairOf(text: string, label: string): [key: string, value: string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw usage(`${label} takes key=value; it is ${JSON.stringify(text)}`, `For example: ${label} name=value`);
}

function single(kind: FlagKind, text: string, at: Place): unknown {
  const { label } = at;
  switch (kind.type) {
    case "text":
      return choiceOf(kind.choices, text, label);
    case "number":
      return numberOf(text, label);
    case "boolean":
      return booleanOf(text, label);
    case "value":
      return anyValue(text, at);
    default:
      return strictJson(text, at);
  }
}

function choiceOf(choices: readonly string[] | undefined, text: string, label: string): string {
  if (choices === undefined || choices.includes(text)) return text;
  const [meant] = nearest(text, choices, 1);
  throw usage(
    `${label} must be one of ${choices.join(", ")}; it is ${JSON.stringify(text)}`,
    meant === undefined ? undefined : `Did you mean ${meant}?`,
  );
}

function numberOf(text: string, label: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw usage(`${label} must be a number; it is ${JSON.stringify(text)}`);
}

function booleanOf(text: string, label: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw usage(`${label} must be true or false; it is ${JSON.stringify(text)}`);
}

function anyValue(text: string, at: Place): unknown {
  if (text.startsWith("@@")) return text.slice(1);
  if (sourceOf(text) === undefined) return jsonOrText(text);
  const content = readFrom(text, at);
  return text.endsWith(".json") ? parsed(content, `${at.label} ${text}`) : withoutLastNewline(jsonOrText(content));
}

function strictJson(text: string, at: Place): unknown {
  return parsed(sourceOf(text) === undefined ? text : readFrom(text, at), at.label);
}

function entriesOf(kind: FlagKind, text: string, at: Place): [string, unknown][] {
  const { label } = at;
  if (sourceOf(text) === undefined && !text.startsWith("{")) {
    const [key, value] = pairOf(text, label);
    return [[key, single(kind, value, { ...at, label: `${label} ${key}` })]];
  }
  const object = strictJson(text, at);
  if (typeof object === "object" && object !== null && !Array.isArray(object)) return Object.entries(object);
  throw usage(`${label} takes key=value or a JSON object`, `For example: ${label} name=value`);
}

function refuseTyped(texts: readonly string[], label: string, reason: string): void {
  if (texts.every((text) => sourceOf(text) !== undefined)) return;
  throw usage(
    `${label} cannot be typed: ${reason}`,
    `Pass a file that holds a JSON object (${label} @file.json), or stdin (${label} -).`,
  );
}

function sourceOf(text: string): "file" | "stdin" | undefined {
  if (text === "-") return "stdin";
  return text.startsWith("@") && !text.startsWith("@@") ? "file" : undefined;
}

function readFrom(text: string, { label, sources }: Place): string {
  if (text === "-") return sources.stdin();
  const path = text.slice(1);
  try {
    return sources.file(path);
  } catch (error) {
    throw usage(
      `${label}: the file ${path} cannot be read: ${messageOf(error)}`,
      `A value that begins with @ names a file; write @@ for a literal @.`,
    );
  }
}

function parsed(text: string, label: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usage(
      // What the parser quotes of the text may be a secret.
      `${label} must be JSON: ${messageOf(error).replace(/(, )?(\.\.\.)?".*"(\.\.\.)? is not valid JSON$/s, "")}`,
      'Quote it for the shell, for example \'{"topic":"tea"}\'.',
    );
  }
}

function withoutLastNewline(value: unknown): unknown {
  return typeof value === "string" ? value.replace(/\r?\n$/, "") : value;
}

function usage(message: string, hint?: string): UserError {
  return new UserError("invalid_input", message, { hint });
}
