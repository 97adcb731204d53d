import type { EventView } from "../../tools/event-view.ts";
import type { Output } from "../output.ts";
import { pageOf } from "../present/presenters.ts";
import { type LogLine, logLine } from "../present/timeline.ts";
import { clockTime } from "../time-text.ts";
import { rowLine } from "./frame.ts";
import type { ProgressRow, ProgressState } from "./progress-state.ts";

/** Shows an execution while it is followed. */
export interface FollowView {
  tell(event: EventView, state: ProgressState): void;
  log(line: LogLine): void;
  /** Makes room for a prompt, and takes the room back. */
  pause(): void;
  resume(): void;
  end(): void;
}

/** Every event as one line of JSON. */
export function jsonView(command: string, output: Output): FollowView {
  return {
    tell: (event) => output.jsonLine({ command, event }),
    log: (line) => output.jsonLine({ command, line }),
    pause: () => {},
    resume: () => {},
    end: () => {},
  };
}

/** A line for each thing that begins or ends, for files and pipes. */
export function lineView(output: Output): FollowView {
  const seen = new Map<string, { row: ProgressRow; told: string }>();
  return {
    tell({ at }, state) {
      for (const row of state.rows) {
        const before = seen.get(row.key);
        if (before?.row === row) continue;
        // Progress within a checkpoint may come by the thousand; its stage changes rarely.
        const told = `${row.status} ${row.attempt} ${row.note} ${String(row.stage?.["stage"] ?? "")}`;
        seen.set(row.key, { row, told });
        if (before?.told === told) continue;
        output.print(`${clockTime(at)}${rowLine(row, { ...pageOf(output), now: Date.parse(at) })}`.trimEnd());
      }
    },
    log: (line) => output.print(logLine(line, pageOf(output))),
    pause: () => {},
    resume: () => {},
    end: () => {},
  };
}
