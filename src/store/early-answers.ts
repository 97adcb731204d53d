import type { Connection } from "./database.ts";

export interface EarlyAnswer {
  name: string;
  /** Payload column. */
  value: string;
  answeredAt: number;
}

export type EarlyAnswers = ReturnType<typeof earlyAnswersTable>;

/** Answers to waits that were not asked yet: one for each name. */
export function earlyAnswersTable(connection: Connection) {
  const insert = connection.prepare(
    "INSERT OR IGNORE INTO early_answers (execution_seq, name, value, answered_at) VALUES (?, ?, ?, ?)",
  );
  const find = connection.prepare<[number, string], { name: string; value: string; answered_at: number }>(
    "SELECT name, value, answered_at FROM early_answers WHERE execution_seq = ? AND name = ?",
  );
  const remove = connection.prepare("DELETE FROM early_answers WHERE execution_seq = ? AND name = ?");
  return {
    /** @returns false when one is there already: the first answer wins */
    insert: (seq: number, answer: EarlyAnswer): boolean =>
      insert.run(seq, answer.name, answer.value, answer.answeredAt).changes === 1,
    find(seq: number, name: string): EarlyAnswer | undefined {
      const row = find.get(seq, name);
      return row && { name: row.name, value: row.value, answeredAt: row.answered_at };
    },
    remove: (seq: number, name: string): void => void remove.run(seq, name),
  };
}
