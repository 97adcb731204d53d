/** Frozen: a released migration never changes; what comes later is a new one. */
export const cache = {
  number: 6,
  name: "0006-cache",
  sql: `
CREATE TABLE cached_outputs (
  key TEXT PRIMARY KEY,
  execution_id TEXT NOT NULL,
  output TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
} as const;
