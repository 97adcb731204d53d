/** The closed set of codes that a caller of an operation can meet. */
export const errorCodes = [
  "not_found",
  "invalid_input",
  "invalid_state",
  "ambiguous",
  "conflict",
  "unauthorized",
  "forbidden",
  "too_large",
  "unsupported",
  "unavailable",
  "internal",
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export interface ErrorOptions {
  /** What to do instead: the next call to make, or the nearest valid name. */
  hint?: string | undefined;
  /** Machine-readable facts about the mistake (field, candidates, line ...). */
  details?: Record<string, unknown> | undefined;
  cause?: unknown;
}

/** A mistake that the caller can mend; anything else that is thrown is a bug. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }
}

export function isUserError(error: unknown): error is UserError {
  return error instanceof UserError;
}

/** The message of anything that was thrown, errors and non-errors alike. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  if (typeof thrown === "string") return thrown;
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}
