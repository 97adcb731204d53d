import type { SavepointClient } from "../../client/client.ts";
import type { LogLine } from "../present/timeline.ts";

/** What of a log to read, without its place in it. */
export interface LogFilter {
  checkpoint?: string;
  level?: "debug" | "info" | "warn" | "error";
  source?: "flow" | "checkpoint" | "engine";
  tail?: number;
}

const lookEveryMs = 300;

/** Reads an execution's log as it grows. */
export class LogTail {
  readonly #client: SavepointClient;
  readonly #args: LogFilter & { execution_id: string };
  #known: LogLine[] = [];
  #total = 0;
  #isFirst = true;

  constructor(client: SavepointClient, executionId: string, filter: LogFilter = {}) {
    this.#client = client;
    this.#args = { ...filter, execution_id: executionId };
  }

  /** Tells new lines until the signal fires, and once more then. */
  async follow(tell: (line: LogLine) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const line of await this.next()) tell(line);
      await pause(lookEveryMs, signal);
    }
    for (const line of await this.next()) tell(line);
  }

  /** The lines since the last look, oldest first. */
  async next(): Promise<LogLine[]> {
    const { tail, ...others } = this.#args;
    const page = await this.#client.executions.logs(this.#isFirst ? this.#args : others);
    if (this.#isFirst) {
      this.#isFirst = false;
      this.#remember(page.items, page.total);
      return page.items;
    }
    const grown = page.total_is_exact ? page.total - this.#total : undefined;
    let lines = page.items;
    let { next_cursor: cursor } = page;
    while (cursor !== null && unseenOf(lines, this.#known, grown) === undefined) {
      const older = await this.#client.executions.logs({ ...others, cursor });
      lines = [...older.items, ...lines];
      cursor = older.next_cursor;
    }
    const unseen = unseenOf(lines, this.#known, grown) ?? lines;
    this.#remember(lines, page.total);
    return unseen;
  }

  #remember(lines: LogLine[], total: number): void {
    this.#known = lines.slice(-200);
    this.#total = total;
  }
}

/**
 * The lines behind those that are known; undefined where the window does not reach back far enough to tell.
 * @param grown how many there are, where it is counted
 */
export function unseenOf(
  lines: readonly LogLine[],
  known: readonly LogLine[],
  grown: number | undefined,
): LogLine[] | undefined {
  if (grown !== undefined) return grown <= lines.length ? lines.slice(lines.length - grown) : undefined;
  const texts = lines.map((line) => JSON.stringify(line));
  const before = known.map((line) => JSON.stringify(line));
  for (let end = lines.length; end > 0; end--) {
    const overlap = Math.min(end, before.length);
    const matches = texts.slice(end - overlap, end).every((text, at) => text === before[before.length - overlap + at]);
    if (matches) return lines.slice(end);
  }
  return undefined;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish, { once: true });
  });
}
