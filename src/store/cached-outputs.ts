import type { Connection } from "./database.ts";

export interface CachedOutput {
  /** Keyed hash of the code version, the checkpoint's name and its arguments. */
  key: string;
  /** The execution that computed it. */
  executionId: string;
  /** Payload column. */
  output: string;
  createdAt: number;
}

export type CachedOutputs = ReturnType<typeof cachedOutputsTable>;

/** Outputs of checkpoints that later executions take instead of running: one for each call. */
export function cachedOutputsTable(connection: Connection) {
  const values = "INTO cached_outputs (key, execution_id, output, created_at) VALUES (?, ?, ?, ?)";
  const add = connection.prepare(`INSERT OR IGNORE ${values}`);
  const replace = connection.prepare(`INSERT OR REPLACE ${values}`);
  const find = connection.prepare<[string], { execution_id: string; output: string; created_at: number }>(
    "SELECT execution_id, output, created_at FROM cached_outputs WHERE key = ?",
  );
  return {
    /** Of several that were computed at the same time the first one stays. */
    add: ({ key, executionId, output, createdAt }: CachedOutput): void =>
      void add.run(key, executionId, output, createdAt),
    replace: ({ key, executionId, output, createdAt }: CachedOutput): void =>
      void replace.run(key, executionId, output, createdAt),
    find(key: string): CachedOutput | undefined {
      const row = find.get(key);
      return row && { key, executionId: row.execution_id, output: row.output, createdAt: row.created_at };
    },
  };
}
