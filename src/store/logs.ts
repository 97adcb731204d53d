import type { Connection } from "./database.ts";
import type { Protection } from "./protection.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface NewLog {
  at: number;
  level: LogLevel;
  source: "flow" | "checkpoint" | "engine";
  /** The checkpoint that printed it. */
  ordinal: number | null;
  /** For what the flow body printed: the last settlement that it had seen. */
  frontier: number | null;
  message: string;
}

export type Logs = ReturnType<typeof logsTable>;

export function logsTable(connection: Connection, { redact }: Protection) {
  const insert = connection.prepare(
    "INSERT INTO logs (execution_seq, at, level, source, ordinal, frontier, message) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const byFrontier = connection.prepare<[number], { frontier: number; lines: number }>(
    `SELECT frontier, count(*) AS lines FROM logs WHERE execution_seq = ? AND source = 'flow' AND frontier IS NOT NULL
     GROUP BY frontier`,
  );
  const forgetFrontiers = connection.prepare("UPDATE logs SET frontier = NULL WHERE execution_seq = ?");
  return {
    append(seq: number, log: NewLog): void {
      insert.run(seq, log.at, log.level, log.source, log.ordinal, log.frontier, redact(log.message));
    },

    /** How many lines the flow body has printed after each settlement: what a re-run must not print again. */
    linesByFrontier: (seq: number): Map<number, number> =>
      new Map(byFrontier.all(seq).map(({ frontier, lines }) => [frontier, lines])),

    /** What was printed so far will not be printed again: the execution begins anew. */
    forgetFrontiers: (seq: number): void => void forgetFrontiers.run(seq),
  };
}
