import { Argument, type Command, Option } from "commander";
import { UserError } from "../core/errors.ts";
import type { Operation } from "../tools/operation.ts";
import { inCommandForm } from "./command-form.ts";
import { type Flag, type FlagKind, flagsOf } from "./flags.ts";
import { labelOf, type Spoken } from "./problems.ts";
import { processSources, readFlag, type Sources } from "./values.ts";

/** How a command takes an operation's input. */
export interface Shape {
  /** The command without its arguments: `savepoint executions run`. */
  readonly usage: string;
  readonly example: string;
  /** Fields that are given by their place. */
  readonly positionals: readonly string[];
  /** Of these, the ones that may be left out. */
  readonly optional?: readonly string[];
  readonly renamed?: Readonly<Record<string, string>> | undefined;
  /** Fields that the command's own flags stand for. */
  readonly replaced?: readonly string[] | undefined;
  /** Whether positional fields can be given as flags too. */
  readonly hasFlagsForAll: boolean;
}

export interface TypedArguments {
  readonly spoken: Spoken;
  /** What was typed, as the operation's input; it is the operation that checks it. @throws UserError `invalid_input` */
  read(command: Command): Record<string, unknown>;
}

/** Gives a command the arguments and flags of an operation. */
export function takeArguments(command: Command, operation: Operation, shape: Shape): TypedArguments {
  const all = flagsOf(operation, shape.renamed);
  const flags = all.filter(({ field }) => !shape.replaced?.includes(field));
  const placed = shape.positionals.flatMap((field) => flags.filter((flag) => flag.field === field));
  for (const flag of placed) command.addArgument(argumentFor(flag, shape));
  for (const flag of flags) {
    if (!shape.hasFlagsForAll && placed.includes(flag)) continue;
    for (const option of optionsFor(flag)) command.addOption(option);
  }
  const spoken = { flags, positionals: placed.map(({ field }) => field), usage: shape.usage, example: shape.example };
  return { spoken, read: (typed) => readArguments(typed, { flags, placed, spoken }, processSources()) };
}

function readArguments(
  command: Command,
  { flags, placed, spoken }: { flags: readonly Flag[]; placed: readonly Flag[]; spoken: Spoken },
  sources: Sources,
): Record<string, unknown> {
  const options: Record<string, unknown> = command.opts();
  const entries = flags.flatMap((flag): [string, unknown][] => {
    const byPlace = placed.includes(flag) ? command.args[placed.indexOf(flag)] : undefined;
    const byFlag = options[camelCase(flag.name)];
    if (byPlace !== undefined && byFlag !== undefined) throw twice(flag);
    const given = byPlace ?? byFlag;
    if (given === undefined) return [];
    if (typeof given === "boolean") return [[flag.field, given]];
    const texts = Array.isArray(given) ? given.map(String) : [String(given)];
    const label = byPlace === undefined ? `--${flag.name}` : labelOf(spoken, flag.field);
    return [[flag.field, readFlag(flag, texts, { label, sources })]];
  });
  return Object.fromEntries(entries);
}

function argumentFor({ field, name, kind, description }: Flag, { optional = [], hasFlagsForAll }: Shape): Argument {
  const text = `${description}${formNote(kind)}`.trim();
  // Where it can also be a flag, the operation itself says that it is missing.
  return optional.includes(field) || hasFlagsForAll ? new Argument(`[${name}]`, text) : new Argument(`<${name}>`, text);
}

function optionsFor(flag: Flag): Option[] {
  const { name, kind, fallback } = flag;
  const description = describe(flag);
  if (kind.type !== "boolean") {
    const option = new Option(`--${name} <${placeholder(kind)}>`, description);
    return [isRepeated(kind) ? option.argParser(collect) : option];
  }
  const yes = new Option(`--${name}`, description);
  if (fallback === false) return [yes];
  const no = new Option(`--no-${name}`, fallback === true ? description : `the opposite of --${name}`);
  return fallback === true ? [yes.hideHelp(), no] : [yes, no];
}

function describe({ description, kind, fallback, neverTyped }: Flag): string {
  const isTelling = fallback !== undefined && kind.type !== "boolean" && !Array.isArray(fallback);
  return [
    inCommandForm(description),
    kind.type === "text" && kind.choices !== undefined ? `One of ${kind.choices.join(", ")}.` : "",
    neverTyped === undefined ? formNote(kind).trim() : "Only as @file or - (stdin).",
    kind.type === "list" ? "Repeatable." : "",
    isTelling ? `(default: ${String(fallback)})` : "",
  ]
    .filter((part) => part !== "")
    .join(" ");
}

function formNote(kind: FlagKind): string {
  if (kind.type === "value") return " JSON, or text; @file and - (stdin) are read, @@ is a literal @.";
  if (kind.type === "json") return " JSON; @file and - (stdin) are read.";
  return kind.type === "record" ? " Repeatable as key=value; or one JSON object, @file, or - (stdin)." : "";
}

function placeholder(kind: FlagKind): string {
  if (kind.type === "number") return "n";
  if (kind.type === "record") return "key=value";
  if (kind.type === "list") return placeholder(kind.item);
  return kind.type === "text" ? "text" : "json";
}

function isRepeated(kind: FlagKind): boolean {
  return kind.type === "list" || kind.type === "record";
}

/** Collects what a repeated flag was given. */
export function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function twice({ name }: Flag): UserError {
  return new UserError("invalid_input", `${name} is given twice: by its place and as --${name}`, {
    hint: "Leave one of the two out.",
  });
}
