import { parseDuration } from "../core/durations.ts";
import { UserError } from "../core/errors.ts";

const isoForm = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * Reads `2026-11-05`, `2026-11-05T10:00:00Z` or `2h` (so long ago).
 * @throws UserError `invalid_input` naming the field
 */
export function parseInstant(value: string | undefined, field: string, now: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const at = isoForm.test(text) ? Date.parse(text.replace(" ", "T")) : now - agoMs(text, field);
  if (Number.isFinite(at)) return Math.round(at);
  throw invalid(value, field);
}

function agoMs(text: string, field: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) throw invalid(text, field);
  try {
    return parseDuration(text, "s", field);
  } catch {
    throw invalid(text, field);
  }
}

function invalid(value: string, field: string): UserError {
  return new UserError("invalid_input", `${field}: ${JSON.stringify(value)} is neither a date nor a duration`, {
    hint: 'Write a date such as "2026-11-05" or "2026-11-05T10:00:00Z", or how long ago: "30m", "2h", "1d".',
  });
}
