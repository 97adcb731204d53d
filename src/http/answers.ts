import type { App } from "../app.ts";
import { type ErrorCode, UserError } from "../core/errors.ts";
import { type CallError, callError } from "../tools/call-error.ts";

/** The HTTP status that stands for a code. */
export const statusOfCode: Readonly<Record<ErrorCode, number>> = {
  not_found: 404,
  invalid_input: 400,
  invalid_state: 409,
  ambiguous: 409,
  conflict: 409,
  unauthorized: 401,
  forbidden: 403,
  too_large: 413,
  unsupported: 422,
  unavailable: 503,
  internal: 500,
};

/** An error of the HTTP surface itself: what it says, and the status and headers that go with it. */
export class HttpError extends UserError {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(
    code: ErrorCode,
    message: string,
    {
      hint,
      status = statusOfCode[code],
      headers = {},
    }: { hint: string; status?: number; headers?: Record<string, string> },
  ) {
    super(code, message, { hint });
    this.status = status;
    this.headers = headers;
  }
}

/** The answer for something that was thrown; what is no mistake of the caller's goes to the log. */
export function errorAnswer(app: App, thrown: unknown, onProblem: (message: string, cause: unknown) => void): Response {
  const error = app.store.protection.redactValue(callError(app, thrown, onProblem));
  if (thrown instanceof HttpError) return errorResponse(error, thrown.status, thrown.headers);
  return errorResponse(error);
}

/** The one form that errors have, on every route. */
export function errorResponse(
  error: CallError,
  status: number = statusOfCode[error.code],
  headers: Record<string, string> = {},
): Response {
  return Response.json({ error }, { status, headers });
}
