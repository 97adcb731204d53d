import { randomUUID } from "node:crypto";
import type { App } from "../app.ts";
import { type ErrorCode, isUserError, messageOf, UserError } from "../core/errors.ts";
import { UnencodableValue } from "../core/values.ts";
import { cut, shownText } from "./display.ts";

/** An error as callers see it, on every surface. */
export interface CallError {
  code: ErrorCode;
  message: string;
  hint: string | null;
  details: Record<string, unknown> | null;
}

const longestMessage = 4_000;
/** Clients cut the text of errors at about ten thousand characters. */
const longestDetails = 4_000;

/** What a caller may know of something that was thrown; the rest goes to the log, under a reference. */
export function callError(app: App, thrown: unknown, onProblem: (message: string, cause: unknown) => void): CallError {
  const error = isUserError(thrown) ? thrown : (unencodable(thrown) ?? storeTrouble(thrown) ?? bug(thrown, onProblem));
  return {
    code: error.code,
    message: cut(shownText(app, error.message), longestMessage),
    hint: cut(shownText(app, error.hint ?? fallbackHint(error.code)), longestMessage),
    details: error.details === undefined ? null : shortDetails(app, error.details),
  };
}

/** Arguments are JSON, so that only their depth can keep them out of the journal. */
function unencodable(thrown: unknown): UserError | undefined {
  if (!(thrown instanceof UnencodableValue)) return undefined;
  return new UserError("invalid_input", thrown.message, {
    hint: "Pass a flatter value, or a long one as text. The call has changed nothing.",
    cause: thrown,
  });
}

/** The store's errors are told by their names: their classes belong to layers that this one does not know. */
export function storeTrouble(thrown: unknown): UserError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const reason = thrown.name === "StoreError" && "reason" in thrown ? String(thrown.reason) : reasonOf(thrown);
  if (reason === undefined || reason.startsWith("store_error")) return undefined;
  return new UserError("unavailable", reason, {
    hint: "Free the disk or make the project folder writable. executions_list shows whether the call has started anything; status says more.",
  });
}

function reasonOf(error: Error): string | undefined {
  const code = "code" in error ? String(error.code) : "";
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"))
    return "database_busy: another process holds the database";
  if (code === "SQLITE_FULL" || code === "ENOSPC") return "disk_full: the disk that holds the project is full";
  if (code.startsWith("SQLITE_READONLY") || code === "EROFS")
    return "read_only: the project's database cannot be written";
  return code.startsWith("SQLITE_IOERR") ? "read_error: the project's database cannot be read" : undefined;
}

function bug(thrown: unknown, onProblem: (message: string, cause: unknown) => void): UserError {
  const reference = randomUUID();
  onProblem(`internal error ${reference}: ${messageOf(thrown)}`, thrown);
  return new UserError("internal", `an internal error happened (reference ${reference})`, {
    hint: "This is a bug in Savepoint. The server's log on stderr holds the reference and what happened; status tells whether the project is well.",
    details: { reference },
  });
}

function fallbackHint(code: ErrorCode): string {
  return code === "not_found"
    ? "executions_list and status show what there is."
    : "Correct the call and make it again.";
}

function shortDetails(app: App, details: Record<string, unknown>): Record<string, unknown> {
  const short: Record<string, unknown> = {};
  let left = longestDetails;
  for (const [key, value] of Object.entries(details)) {
    const text = JSON.stringify(value, (_, part) => (typeof part === "string" ? shownText(app, part) : part)) ?? "null";
    short[key] = text.length <= left ? JSON.parse(text) : `(left out: ${text.length} characters)`;
    left -= Math.min(left, text.length);
  }
  return short;
}
