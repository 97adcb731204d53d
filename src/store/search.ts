import type { Connection } from "./database.ts";

const longestInput = 1_000;

export interface Searchable {
  id: string;
  workflow: string;
  target: string;
  tags: readonly string[];
  /** Payload column; what is sealed or kept elsewhere is not searched. */
  input: string | null;
  failure?: { code: string; message: string } | null;
}

/** The full-text index of executions: the words of their names, labels, inputs and failures. */
export function searchIndex(connection: Connection) {
  const put = connection.prepare("INSERT OR REPLACE INTO executions_search (rowid, text) VALUES (?, ?)");
  return {
    put(seq: number, { id, workflow, target, tags, input, failure }: Searchable): void {
      const words = input === null || input.startsWith("@") ? "" : input.slice(0, longestInput);
      const why = failure == null ? "" : `${failure.code} ${failure.message.slice(0, longestInput)}`;
      put.run(seq, `${id} ${workflow} ${target} ${tags.join(" ")} ${words} ${why}`);
    },
  };
}
