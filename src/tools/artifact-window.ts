import { UserError } from "../core/errors.ts";
import { decodeForDisplay, decodeValue, encodeValue, type Json } from "../core/values.ts";
import { beginning } from "./display.ts";

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
export function artifactWindow(recorded: string, offset: number, maxChars: number): ArtifactWindow {
  const { encoding, text, value } = shownAs(recorded);
  if (offset > text.length) {
    throw new UserError("invalid_input", `offset: ${offset} lies past the end; there are ${text.length} characters`, {
      hint: `Pass an offset from 0 to ${text.length}.`,
      details: { total_chars: text.length },
    });
  }
  if (encoding === "json" && offset === 0 && text.length <= maxChars) {
    return { encoding, value, offset, total_chars: text.length, next_offset: null };
  }
  const part = beginning(text.slice(offset), maxChars);
  const end = offset + part.length;
  return { encoding, text: part, offset, total_chars: text.length, next_offset: end < text.length ? end : null };
}

function shownAs(recorded: string): { encoding: ArtifactWindow["encoding"]; text: string; value: Json } {
  const decoded = decodeValue(recorded);
  if (typeof decoded === "string") return { encoding: "text", text: decoded, value: decoded };
  if (decoded instanceof Uint8Array) {
    const text = Buffer.from(decoded).toString("base64");
    return { encoding: "base64", text, value: text };
  }
  const value = decodeForDisplay(decoded === undefined ? encodeValue(null, "value") : recorded);
  return { encoding: "json", text: JSON.stringify(value), value };
}
