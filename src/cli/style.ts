import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** Colours where they are wanted, else the text as it is. */
export interface Style {
  readonly isColoured: boolean;
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  busy(text: string): string;
  asking(text: string): string;
}

export function createStyle(isColoured: boolean): Style {
  const paint = (format: Format) => (text: string) =>
    isColoured && text !== "" ? styleText(format, text, { validateStream: false }) : text;
  return {
    isColoured,
    bold: paint("bold"),
    dim: paint("dim"),
    good: paint("green"),
    bad: paint("red"),
    busy: paint("cyan"),
    asking: paint("yellow"),
  };
}

/** FORCE_COLOR beats NO_COLOR, as in Node.js itself; `--no-color` beats both. */
export function wantsColour(
  { color, env }: { color: boolean; env: NodeJS.ProcessEnv },
  stream: { isTTY?: boolean | undefined },
): boolean {
  if (!color) return false;
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false;
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

/** None of them an emoji: terminals do not agree how wide those are. */
const signs: Record<string, { sign: string; paint: keyof Omit<Style, "isColoured"> }> = {
  queued: { sign: "○", paint: "dim" },
  running: { sign: "▸", paint: "busy" },
  waiting: { sign: "?", paint: "asking" },
  pending: { sign: "?", paint: "asking" },
  sleeping: { sign: "◷", paint: "dim" },
  paused: { sign: "‖", paint: "asking" },
  completed: { sign: "✓", paint: "good" },
  answered: { sign: "✓", paint: "good" },
  failed: { sign: "✗", paint: "bad" },
  expired: { sign: "✗", paint: "bad" },
  aborted: { sign: "⊘", paint: "asking" },
  cancelled: { sign: "⊘", paint: "asking" },
  skipped: { sign: "⊘", paint: "dim" },
  replayed: { sign: "↺", paint: "dim" },
  cached: { sign: "↺", paint: "dim" },
  overridden: { sign: "✎", paint: "asking" },
};

export function glyph(status: string, style: Style): string {
  const { sign, paint } = signs[status] ?? { sign: "·", paint: "dim" };
  return style[paint](sign);
}

/** A status in its colour, with its sign in front. */
export function statusText(status: string, style: Style): string {
  return `${glyph(status, style)} ${style[signs[status]?.paint ?? "dim"](status)}`;
}
