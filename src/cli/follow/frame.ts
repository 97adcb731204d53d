import { progressText } from "../present/execution.ts";
import type { Page } from "../present/page.ts";
import { glyph, statusText } from "../style.ts";
import { displayWidth, fitted, oneLine } from "../terminal-text.ts";
import { elapsedText } from "../time-text.ts";
import type { ProgressRow, ProgressState } from "./progress-state.ts";
import { isSettled } from "./progress-state.ts";

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const spinEveryMs = 100;
/** From then on it is told how long something runs already. */
const tellingMs = 1_000;

export interface FrameOptions {
  readonly title: string;
  readonly since: number;
  /** Lines that there is room for. */
  readonly height: number;
}

/** The lines of a live view: what has not been printed for good yet, and how the execution is. */
export function frame(
  { status, stage, note }: ProgressState,
  rows: readonly ProgressRow[],
  page: Page,
  { title, since, height }: FrameOptions,
): string[] {
  const room = Math.max(1, height - 3);
  const open = rows.filter((row) => !isSettled(row));
  const shown = rows.length <= room ? rows : [...rows.filter(isSettled), ...open].slice(-room);
  const hidden = rows.length - shown.length;
  const told = [stage === null ? "" : progressText(stage), note].filter((part) => part !== "").join("  ");
  const head = `${statusText(status, page.style)}  ${page.style.bold(title)}  `;
  const tail = [elapsedText(page.now - since), told].filter((part) => part !== "").join("  ");
  return [
    ...(hidden > 0 ? [page.style.dim(`  … ${hidden} more`)] : []),
    ...shown.map((row) => rowLine(row, page, { isLive: true })),
    `${head}${page.style.dim(fitted(oneLine(tail), page.width - displayWidth(head) - 1))}`,
  ];
}

/** One checkpoint, wait or sleep in one line that does not wrap. */
export function rowLine(row: ProgressRow, page: Page, { isLive } = { isLive: false }): string {
  const { style, width, now } = page;
  const isBusy = isLive && row.kind === "checkpoint" && row.status === "running";
  const turn = spinner[Math.floor(now / spinEveryMs) % spinner.length] ?? "";
  const sign = isBusy ? style.busy(turn) : glyph(row.status, style);
  const name = fitted(row.name, Math.max(8, Math.floor(width / 2)));
  const told = fitted(oneLine(aboutRow(row, now)), width - displayWidth(name) - 6);
  return `  ${sign} ${name}  ${style.dim(told)}`;
}

function aboutRow(row: ProgressRow, now: number): string {
  const ms = (row.endedAt === null ? now : Date.parse(row.endedAt)) - Date.parse(row.startedAt);
  const isReused = ["cached", "replayed", "overridden"].includes(row.status);
  const parts = [
    row.status === "completed" || row.status === "running" ? "" : row.status,
    isReused || row.kind === "wait" || (row.endedAt === null && ms < tellingMs) ? "" : elapsedText(ms),
    row.attempt > 1 ? `attempt ${row.attempt}` : "",
    row.stage !== null && row.status === "running" ? progressText(row.stage) : "",
    row.note,
  ];
  return parts.filter((part) => part !== "").join("  ");
}
