import type { App } from "../app.ts";
import { messageOf } from "../core/errors.ts";
import { decodeForDisplay, type Json } from "../core/values.ts";
import type { Execution } from "./app-types.ts";
import { beginning, callText, shownText } from "./display.ts";

/** Longer results are read with artifacts_get. */
const longestResult = 20_000;
const longestPreview = 2_000;
/** A recorded text of this length is not decoded only to show its beginning. */
const longestDecoded = 1_000_000;

export interface ResultView {
  /** Left out where a preview stands instead. */
  result?: Json;
  result_preview?: string;
}

export function resultView(app: App, execution: Execution): ResultView {
  if (execution.status !== "completed" || execution.result === null) return { result: null };
  const how = `artifacts_get with artifact_id ${JSON.stringify(`${execution.id}:result`)} reads it`;
  try {
    const { value, text } = shownValue(app, execution.result);
    if (value !== undefined && text.length <= longestResult) return { result: value };
    return { result_preview: `${beginning(text, longestPreview)}… (${text.length} characters; ${how})` };
  } catch (error) {
    // An execution whose result was lost can still be looked at.
    return { result_preview: `(the recorded result cannot be read: ${shownText(app, messageOf(error))})` };
  }
}

/** The recorded input, or a note of how to read it where it is long. */
export function inputView(app: App, { id, input }: Execution): Json {
  return input === null ? null : shortened(app, input, { artifactId: `${id}:input`, longest: 4_000 });
}

/** A recorded value where it is short, else its beginning as text, with how to read the rest. */
export function shortened(
  app: App,
  column: string,
  { artifactId, longest }: { artifactId: string; longest: number },
): Json {
  try {
    const { value, text } = shownValue(app, column);
    if (value !== undefined && text.length <= longest) return value;
    const how = callText("artifacts_get", { artifact_id: artifactId });
    return `${beginning(typeof value === "string" ? value : text, longest)}… (cut; ${how} reads all ${text.length} characters)`;
  } catch (error) {
    return `(cannot be read: ${shownText(app, messageOf(error))})`;
  }
}

/** `value` is left out where the text is too long to be decoded for a glance. */
function shownValue(app: App, column: string): { value?: Json; text: string } {
  const recorded = app.store.payloads.read(column);
  // Redacted before anything is cut: half a secret is known to nobody.
  if (recorded.length > longestDecoded) return { text: app.store.protection.redact(recorded) };
  const value = app.store.protection.redactValue(decodeForDisplay(recorded));
  return { value, text: JSON.stringify(value) };
}
