import type { Answer } from "../../client/client.ts";
import type { EventView } from "../../tools/event-view.ts";
import { oneLine } from "../terminal-text.ts";
import { clockTime } from "../time-text.ts";
import type { Page } from "./page.ts";

export type LogLine = Answer<"executions_logs">["items"][number];

export function logsText({ items }: Answer<"executions_logs">, page: Page): string {
  return items.length === 0
    ? page.style.dim("It has printed nothing.")
    : items.map((line) => logLine(line, page)).join("\n");
}

/** One line of a log; what it holds of newlines is set in below. */
export function logLine({ at, level, checkpoint, source, message }: LogLine, { style }: Page): string {
  const place = checkpoint ?? (source === "engine" ? "engine" : "");
  const text = message.replaceAll("\n", "\n         ");
  const head = `${style.dim(clockTime(at))} ${place === "" ? "" : `${style.dim(place)} `}`;
  if (level === "error") return `${head}${style.bad(text)}`;
  return `${head}${level === "warn" ? style.asking(text) : text}`;
}

export function eventsText({ items }: Answer<"executions_events">, page: Page): string {
  return items.map((event) => eventLine(event, page)).join("\n");
}

export function eventLine({ event_id: id, type, at, name, data }: EventView, { style }: Page): string {
  const what = type.replaceAll("_", " ");
  const about = data === null ? "" : style.dim(oneLine(JSON.stringify(data)));
  const parts = [
    style.dim(String(id).padStart(5)),
    style.dim(clockTime(at)),
    paintEvent(type, what, style),
    name ?? "",
    about,
  ];
  return parts.filter((part) => part !== "").join("  ");
}

function paintEvent(type: string, text: string, style: Page["style"]): string {
  if (/failed|expired|blocked|refused/.test(type)) return style.bad(text);
  if (/^wait_opened|paused|cancelled|aborted/.test(type)) return style.asking(text);
  return /completed|answered/.test(type) ? style.good(text) : text;
}
