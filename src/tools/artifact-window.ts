import { UserError } from "../core/errors.ts";
import { decodeForDisplay, decodeValue, encodeValue, type Json } from "../core/values.ts";

export interface ArtifactWindow {
  encoding: "text" | "json" | "base64";
  /** The whole value, where it is JSON and fits. */
  value?: Json;
  text?: string;
  offset: number;
  total_chars: number;
  next_offset: number | null;
}

/** What a call shows of a recorded value: JSON whole where it fits, else a window into its text. */
export function artifactWindow(
  recorded: string,
  { offset, maxChars, redactValue }: { offset: number; maxChars: number; redactValue: <T>(value: T) => T },
): ArtifactWindow {
  const { encoding, text, value } = shownAs(recorded, redactValue);
  if (offset > text.length) {
    throw new UserError("invalid_input", `offset: ${offset} lies past the end; there are ${text.length} characters`, {
      hint: `Pass an offset from 0 to ${text.length}.`,
      details: { total_chars: text.length },
    });
  }
  if (encoding === "json" && offset === 0 && text.length <= maxChars) {
    return { encoding, value, offset, total_chars: text.length, next_offset: null };
  }
  const start = splitsPair(text, offset) ? offset - 1 : offset;
  const end = endOf(text, start, maxChars);
  const part = text.slice(start, end);
  return { encoding, text: part, offset: start, total_chars: text.length, next_offset: end < text.length ? end : null };
}

/** A window holds whole characters, and at least one, so that paging always gets on. */
function endOf(text: string, start: number, maxChars: number): number {
  const end = Math.min(start + maxChars, text.length);
  if (!splitsPair(text, end)) return end;
  return end - 1 > start ? end - 1 : end + 1;
}

/** Whether a cut here would tear a pair of surrogates apart. */
function splitsPair(text: string, at: number): boolean {
  return /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(text.slice(Math.max(0, at - 1), at + 1));
}

/** Redacted as a whole: a window must not show the part of a secret that lies in it. */
function shownAs(
  recorded: string,
  redactValue: <T>(value: T) => T,
): { encoding: ArtifactWindow["encoding"]; text: string; value: Json } {
  const decoded = decodeValue(recorded);
  if (typeof decoded === "string") {
    const text = redactValue(decoded);
    return { encoding: "text", text, value: text };
  }
  if (decoded instanceof Uint8Array) {
    const text = redactValue(Buffer.from(decoded).toString("base64"));
    return { encoding: "base64", text, value: text };
  }
  const value = redactValue(decodeForDisplay(decoded === undefined ? encodeValue(null, "value") : recorded));
  return { encoding: "json", text: JSON.stringify(value), value };
}
