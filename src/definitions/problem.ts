import { didYouMean } from "../core/suggest.ts";

/** The closed set of what can be wrong with a definition. */
export const problemCodes = [
  "not_readable",
  "too_large",
  "hostile",
  "syntax",
  "duplicate_key",
  "duplicate_name",
  "shadowed_file",
  "unknown_key",
  "unknown_type",
  "missing_field",
  "invalid_field",
  "empty_prompt",
  "unknown_section",
  "duplicate_id",
  "unknown_step",
  "unknown_reference",
  "secret_not_allowed",
  "bad_template",
  "bad_path",
  "bad_schema",
  "cycle",
  "unreachable",
  "bad_jump",
  "bad_cron",
  "bad_timezone",
  "unsafe_command",
  "unknown_model",
  "unknown_secret",
  "unknown_server",
  "unknown_module",
  "unknown_workflow",
] as const;
export type ProblemCode = (typeof problemCodes)[number];

/** Counted from 1. */
export interface Place {
  line: number;
  column: number;
}

/** One thing that is wrong with a definition. An error keeps it from running; a warning does not. */
export interface Problem {
  severity: "error" | "warning";
  code: ProblemCode;
  /** Path of the file as the caller named it. */
  file: string;
  line: number;
  column: number;
  /** As the file writes it, for example `steps[2].args.title`; empty for the whole file. */
  field: string;
  message: string;
  hint?: string;
}

/** A problem before it is known which file it is in. */
export interface Finding {
  severity?: "error" | "warning";
  code: ProblemCode;
  at: Place;
  field: string;
  message: string;
  hint?: Hint;
}

/** What to do instead; a function where finding it takes its time, for example the nearest of many names. */
export type Hint = string | undefined | (() => string | undefined);

/** More of them help nobody, and a hostile file could ask for very many. */
const mostHints = 200;

export const startOfFile: Place = { line: 1, column: 1 };

/** The findings as problems of a file: by place, each once. */
export function problemsOf(file: string, findings: readonly Finding[]): Problem[] {
  const sorted = findings.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  const problems = sorted.map(({ severity = "error", code, at, field, message, hint }, index): Problem => {
    const advice = typeof hint === "function" ? (index < mostHints ? hint() : undefined) : hint;
    const place = { file, line: at.line, column: at.column, field };
    return { severity, code, ...place, message, ...(advice !== undefined && { hint: advice }) };
  });
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** The likely name, or else all that there are while they are few. */
export function nameHint(wanted: string, names: Iterable<string>, none?: string): () => string | undefined {
  return () => {
    const known = [...names];
    if (known.length === 0) return none;
    return didYouMean(wanted, known) ?? (known.length <= 20 ? `There are: ${known.join(", ")}.` : none);
  };
}
