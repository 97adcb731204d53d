import type { Connection } from "./database.ts";

export interface IdempotencyKey {
  operation: string;
  key: string;
  requestHash: string;
  executionId: string;
  createdAt: number;
}

export type IdempotencyKeys = ReturnType<typeof idempotencyKeysTable>;

/** Which execution a call with a key concerned, so that the second call answers like the first. */
export function idempotencyKeysTable(connection: Connection) {
  const insert = connection.prepare(
    "INSERT OR REPLACE INTO idempotency_keys (operation, key, request_hash, execution_id, created_at) VALUES (?, ?, ?, ?, ?)",
  );
  const find = connection.prepare<[string, string], { request_hash: string; execution_id: string; created_at: number }>(
    "SELECT request_hash, execution_id, created_at FROM idempotency_keys WHERE operation = ? AND key = ?",
  );
  return {
    insert: (row: IdempotencyKey): void =>
      void insert.run(row.operation, row.key, row.requestHash, row.executionId, row.createdAt),
    find(operation: string, key: string): IdempotencyKey | undefined {
      const row = find.get(operation, key);
      return (
        row && {
          operation,
          key,
          requestHash: row.request_hash,
          executionId: row.execution_id,
          createdAt: row.created_at,
        }
      );
    },
  };
}
