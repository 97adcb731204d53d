import { catalogue } from "../tools/catalogue.ts";
import { shortId } from "./short-ids.ts";
import { type Word, words } from "./words.ts";

/** Fields that take any JSON value: there an array is one value, and elsewhere several. */
const anyValueFields = ["input", "value"];
/** Objects with fields of their own, which are given at once. */
const wholeFields = ["guardrails"];

const operationName = /\b[a-z]+(?:_[a-z]+)+\b/g;

/** A call of an operation as the command that makes it; everyday words come first. */
export function commandOf(operation: string, args: Readonly<Record<string, unknown>>): string {
  const word = words.find((one) => one.operation === operation);
  return commandLine(word?.name ?? wordsOf(operation), args, word);
}

/** The same in the derived form: `savepoint executions get …`. */
export function derivedCommandOf(
  operation: string,
  args: Readonly<Record<string, unknown>>,
  positionals: readonly string[],
): string {
  return commandLine(wordsOf(operation), args, { positionals });
}

/** `executions_abort_wait` as it is typed: `executions abort-wait`. */
export function wordsOf(operation: string): string {
  const [group = operation, ...verb] = operation.split("_");
  return [group, verb.join("-")].join(" ").trim();
}

/** A text in which the fields of an operation are written as its flags. */
export function inFlagForm(text: string, operation: { input: { shape: object } }, shape: Partial<Word> = {}): string {
  return Object.keys(operation.input.shape)
    .filter((field) => field.includes("_") && !shape.positionals?.includes(field))
    .reduce((rest, field) => rest.replaceAll(field, spokenFlag(flagFor(field, shape) ?? field)), text);
}

/** A text in which operations, with their arguments where it gives them, are written as commands. */
export function inCommandForm(text: string): string {
  let rest = text;
  let translated = "";
  for (const { name, args, start, end } of callsIn(text)) {
    const before = rest.slice(0, start - (text.length - rest.length));
    translated += `${before}\`${commandOf(name, args)}\``;
    rest = text.slice(end);
  }
  // What is said of other operations; those of this one are flags already.
  return (translated + rest).replaceAll("wait_seconds", "--wait");
}

function spokenFlag(flag: string): string {
  return flag === "--wait" ? "the seconds of --wait" : flag;
}

interface FoundCall {
  name: string;
  args: Record<string, unknown>;
  start: number;
  end: number;
}

function callsIn(text: string): FoundCall[] {
  const found: FoundCall[] = [];
  for (const { 0: name, index } of text.matchAll(operationName)) {
    const end = index + name.length;
    if (!catalogue.some((one) => one.name === name) || index < (found.at(-1)?.end ?? 0)) continue;
    found.push({ name, start: index, ...argumentsAt(text, end) });
  }
  return found;
}

function argumentsAt(text: string, end: number): Pick<FoundCall, "args" | "end"> {
  if (!text.startsWith(" {", end)) return { args: {}, end };
  for (let close = text.indexOf("}", end); close >= 0; close = text.indexOf("}", close + 1)) {
    try {
      return { args: JSON.parse(text.slice(end + 1, close + 1)), end: close + 1 };
    } catch {
      // The brace closed an inner object.
    }
  }
  return { args: {}, end };
}

function commandLine(
  name: string,
  args: Readonly<Record<string, unknown>>,
  shape: Pick<Word, "positionals" | "renamed" | "replaced"> | undefined,
): string {
  const placed = (shape?.positionals ?? []).filter((field) => args[field] !== undefined);
  const flags = Object.entries(args).flatMap(([field, value]) => {
    if (placed.includes(field)) return [];
    const flag = flagFor(field, shape);
    return flag === undefined ? [] : flagTexts(flag, field, value);
  });
  return ["savepoint", name, ...placed.map((field) => argumentText(field, args[field])), ...flags].join(" ");
}

/** Undefined where the word does by itself what the field asks for. */
function flagFor(field: string, shape: Pick<Word, "renamed" | "replaced"> | undefined): string | undefined {
  if (shape?.replaced?.includes(field)) return field === "wait_seconds" ? "--wait" : undefined;
  return `--${(shape?.renamed?.[field] ?? field).replaceAll("_", "-")}`;
}

function flagTexts(flag: string, field: string, value: unknown): string[] {
  if (typeof value === "boolean" && !anyValueFields.includes(field))
    return [value ? flag : flag.replace("--", "--no-")];
  if (Array.isArray(value) && !anyValueFields.includes(field)) {
    return value.flatMap((one) => [flag, argumentText(field, one)]);
  }
  if (typeof value === "object" && value !== null && ![...anyValueFields, ...wholeFields].includes(field)) {
    return Object.entries(value).flatMap(([key, one]) => [flag, quoted(`${key}=${anyValueText(one)}`)]);
  }
  return [flag, argumentText(field, value)];
}

function argumentText(field: string, value: unknown): string {
  if (typeof value !== "string" || anyValueFields.includes(field)) return quoted(anyValueText(value));
  if (field.endsWith("execution_id")) return quoted(/^[0-9a-f-]{36}$/.test(value) ? shortId(value) : value);
  return quoted(value);
}

/** As a flag that takes any JSON value, or text, reads it back. */
function anyValueText(value: unknown): string {
  return typeof value === "string" ? textAsValue(value) : (JSON.stringify(value) ?? "");
}

function textAsValue(text: string): string {
  if (text.startsWith("@")) return `@${text}`;
  try {
    JSON.parse(text);
    return JSON.stringify(text);
  } catch {
    return text === "-" ? '"-"' : text;
  }
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
