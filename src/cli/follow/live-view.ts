import type { Output } from "../output.ts";
import { pageOf } from "../present/presenters.ts";
import { type LogLine, logLine } from "../present/timeline.ts";
import { frame, rowLine } from "./frame.ts";
import { isSettled, nothingYet, type ProgressRow, type ProgressState } from "./progress-state.ts";
import type { FollowView } from "./views.ts";

const redrawEveryMs = 100;
const hideCursor = "\x1b[?25l";
const showCursor = "\x1b[?25h";

/** Redraws an execution in place at a terminal; what a prompt or the end leaves behind is printed for good. */
export class LiveView implements FollowView {
  readonly #output: Output;
  readonly #title: string;
  readonly #since: number;
  readonly #printed = new Set<string>();
  #state: ProgressState = nothingYet;
  #drawnLines = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(output: Output, { title, since }: { title: string; since: number }) {
    this.#output = output;
    this.#title = title;
    this.#since = since;
    process.once("exit", this.#giveCursorBack);
    this.resume();
  }

  /** The next redrawing shows it: many events come at once. */
  tell(_event: unknown, state: ProgressState): void {
    this.#state = state;
  }

  log(line: LogLine): void {
    this.#erase();
    this.#output.print(logLine(line, pageOf(this.#output)));
  }

  pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
    this.#print(this.#state.rows.filter(isSettled));
    process.stdout.write(showCursor);
  }

  resume(): void {
    if (this.#timer !== undefined) return;
    process.stdout.write(hideCursor);
    this.#timer = setInterval(() => this.#draw(), redrawEveryMs);
  }

  end(): void {
    this.pause();
    this.#print(this.#state.rows);
    process.removeListener("exit", this.#giveCursorBack);
  }

  readonly #giveCursorBack = () => {
    process.stdout.write(showCursor);
  };

  #draw(): void {
    const page = pageOf(this.#output);
    const rows = this.#state.rows.filter(({ key }) => !this.#printed.has(key));
    const options = { title: this.#title, since: this.#since, height: this.#output.height };
    const lines = frame(this.#state, rows, page, options);
    process.stdout.write(`${this.#erasure()}${lines.join("\n")}\n`);
    this.#drawnLines = lines.length;
  }

  /** For good, and once. */
  #print(rows: readonly ProgressRow[]): void {
    const page = pageOf(this.#output);
    for (const row of rows) {
      if (this.#printed.has(row.key)) continue;
      this.#printed.add(row.key);
      this.#output.print(rowLine(row, page));
    }
  }

  #erase(): void {
    if (this.#drawnLines > 0) process.stdout.write(this.#erasure());
    this.#drawnLines = 0;
  }

  #erasure(): string {
    return this.#drawnLines === 0 ? "" : `\x1b[${this.#drawnLines}A\r\x1b[J`;
  }
}
