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
  hint?: string | undefined;
}

export const startOfFile: Place = { line: 1, column: 1 };

/** The findings as problems of a file: by place, each once. */
export function problemsOf(file: string, findings: readonly Finding[]): Problem[] {
  const problems = findings.map(({ severity = "error", code, at, field, message, hint }) => ({
    severity,
    code,
    file,
    line: at.line,
    column: at.column,
    field,
    message,
    ...(hint !== undefined && { hint }),
  }));
  const seen = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return [...seen.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** The likely name, or else all that there are while they are few. */
export function nameHint(wanted: string, names: readonly string[], none?: string): string | undefined {
  if (names.length === 0) return none;
  return didYouMean(wanted, names) ?? (names.length <= 20 ? `There are: ${names.join(", ")}.` : undefined);
}
