/** Colour codes: they steer nothing, and without them what a workflow printed is easier to read. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this file is about
const colourCodes = /\x1b\[[0-9;:]*m/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this file is about
const controls = /[\x00-\x08\x0b-\x1f\x7f]/g;
/** C1 controls, which some terminals obey, and marks that turn the direction of what follows. */
const invisible = /[\u0080-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text from elsewhere as a terminal may show it: what would steer the terminal becomes a visible sign. */
export function harmless(text: string): string {
  return text
    .replace(colourCodes, "")
    .replaceAll("\r\n", "\n")
    .replace(controls, (sign) => (sign === "\x7f" ? "␡" : String.fromCharCode(0x2400 + sign.charCodeAt(0))))
    .replace(invisible, "�")
    .toWellFormed();
}

/** The same value with every text in it harmless, keys included. */
export function harmlessValue<T>(value: T): T {
  return cleaned(value) as T;
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string") return harmless(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [harmless(key), cleaned(part)]));
}

/** JSON in which the characters that JSON itself leaves as they are, and that could steer a terminal, are escaped. */
export function harmlessJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The text in one line. */
export function oneLine(text: string): string {
  return text
    .replace(/\s*\n\s*/g, " ")
    .replaceAll("\t", " ")
    .trim();
}

const segments = new Intl.Segmenter();
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Columns that a text takes in a terminal; colour codes take none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of segments.segment(text.replace(colourCodes, ""))) {
    width += /^\p{Mark}+$/u.test(segment) ? 0 : wide.test(segment) ? 2 : 1;
  }
  return width;
}

/** The beginning of a plain text that fits into so many columns. */
export function fitted(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let width = 1;
  let kept = "";
  for (const { segment } of segments.segment(text)) {
    width += displayWidth(segment);
    if (width > columns) break;
    kept += segment;
  }
  return columns < 1 ? "" : `${kept}…`;
}
