import { isUserError, UserError } from "../core/errors.ts";
import { inCommandForm } from "./command-form.ts";
import type { Flag } from "./flags.ts";

/** How an operation's arguments are written where it was called. */
export interface Spoken {
  readonly flags: readonly Flag[];
  readonly positionals: readonly string[];
  /** The command without its arguments: `savepoint executions run`. */
  readonly usage: string;
  readonly example: string;
}

/** The same error in the words of the command line. */
export function inTypedWords(error: unknown, spoken: Spoken): unknown {
  if (!isUserError(error)) return error;
  const { code, details } = error;
  const problems = details?.["arguments"] === undefined ? undefined : details["problems"];
  if (!Array.isArray(problems)) {
    const typed = (text: string) => withFlags(inCommandForm(labelled(text, spoken)), spoken);
    return new UserError(code, typed(error.message), {
      hint: error.hint === undefined ? undefined : typed(error.hint),
      details,
      cause: error,
    });
  }
  return new UserError(code, problems.map((one) => labelled(String(one), spoken)).join("; "), {
    hint: `Example: ${spoken.example}\n${spoken.usage} --help shows all that it takes.`,
    details: { problems: problems.map((one) => labelled(String(one), spoken)) },
    cause: error,
  });
}

/** How a field is written: `<target>` or `--wait-seconds`. */
export function labelOf({ flags, positionals }: Pick<Spoken, "flags" | "positionals">, field: string): string {
  const name = flags.find((flag) => flag.field === field)?.name ?? field.replaceAll("_", "-");
  return positionals.includes(field) ? `<${name}>` : `--${name}`;
}

/** Messages begin with the field that they are about. */
function labelled(message: string, spoken: Spoken): string {
  const [, field = "", rest = ""] = /^([a-z_]+)((?:[:.\s]).*)$/s.exec(message) ?? [];
  return spoken.flags.some((flag) => flag.field === field) ? `${labelOf(spoken, field)}${rest}` : message;
}

/** Names of fields that are no words of their own, or stand where only a field can; those in quotes belong to JSON. */
function withFlags(text: string, spoken: Spoken): string {
  const fields = spoken.flags.map(({ field }) => field).join("|");
  const told = text
    .replace(new RegExp(`\\bwith (${fields})(?=[.,;]|$)`, "g"), (_, field) => `with ${labelOf(spoken, field)}`)
    .replace(new RegExp(`(?<!["-])\\b(${fields}): true\\b`, "g"), (_, field) => labelOf(spoken, field))
    .replace(
      new RegExp(`\\b([Pp]ass) (${fields})(?=[ .,;])`, "g"),
      (_, pass, field) => `${pass} ${labelOf(spoken, field)}`,
    );
  return spoken.flags
    .filter(({ field }) => field.includes("_"))
    .reduce(
      (rest, { field }) => rest.replace(new RegExp(`(?<![-\\w"])${field}(?![\\w"])`, "g"), labelOf(spoken, field)),
      told,
    );
}
