import type { Style } from "../style.ts";

/** What a text is written for. */
export interface Page {
  readonly style: Style;
  readonly width: number;
  readonly now: number;
}

/** Lines under a heading; nothing where there are none. */
export function section(heading: string, lines: readonly string[], { style }: Page): string[] {
  return lines.length === 0 ? [] : ["", style.bold(heading), ...lines];
}

/** JSON as a person reads it, with every line set in; a plain text stays one. */
export function valueText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

export function setIn(text: string, by = "  "): string[] {
  return text.split("\n").map((line) => `${by}${line}`.trimEnd());
}

/** `name  value` lines, with the values under each other; what is empty is left out. */
export function facts(
  entries: readonly (readonly [name: string, value: string | null | undefined])[],
  page: Page,
): string[] {
  const told = entries.filter((entry): entry is readonly [string, string] => entry[1] != null && entry[1] !== "");
  const longest = Math.max(0, ...told.map(([name]) => name.length));
  return told.map(([name, value]) => `  ${page.style.dim(name.padEnd(longest))}  ${value}`);
}

export function counted(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
