/** Frozen: a released migration never changes; what comes later is a new one. */
export const processes = {
  number: 7,
  name: "0007-processes",
  sql: `
ALTER TABLE executions ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;
CREATE TABLE process_groups (
  execution_seq INTEGER NOT NULL REFERENCES executions (seq) ON DELETE CASCADE,
  pid INTEGER NOT NULL,
  process_start TEXT,
  host TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  PRIMARY KEY (execution_seq, host, pid)
) STRICT, WITHOUT ROWID;
`,
} as const;
