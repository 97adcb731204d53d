/** Frozen: a released migration never changes; what comes later is a new one. */
export const definitions = {
  number: 10,
  name: "0010-definitions",
  sql: `
ALTER TABLE executions ADD COLUMN workspace TEXT;
ALTER TABLE executions ADD COLUMN timeouts TEXT;
CREATE TABLE definitions (
  path TEXT PRIMARY KEY,
  stamp TEXT NOT NULL,
  summary TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`,
} as const;
