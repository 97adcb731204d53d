export interface ModelErrorOptions {
  hint?: string | undefined;
  /** Whether another attempt may end otherwise: a rate limit, an overload, a lost connection. */
  isTransient?: boolean;
  /** How long the provider asks to wait before the next attempt. */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** A model or an agent could not do its work; `code` is one of a few words that say why. */
export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly code: string;
  readonly hint: string | undefined;
  readonly isTransient: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: string,
    message: string,
    { hint, isTransient = false, retryAfterMs, cause }: ModelErrorOptions = {},
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.hint = hint;
    this.isTransient = isTransient;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether another attempt may end otherwise. */
export function isTransient(error: unknown): boolean {
  return error instanceof ModelError && error.isTransient;
}
