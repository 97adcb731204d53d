/** Frozen: a released migration never changes; what comes later is a new one. */
export const secrets = {
  number: 2,
  name: "0002-secrets",
  sql: `
CREATE TABLE secrets (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  keys TEXT NOT NULL,
  sealed TEXT NOT NULL,
  visibility TEXT NOT NULL CHECK (visibility IN ('private', 'shared')),
  created_at INTEGER NOT NULL,
  retired_at INTEGER
) STRICT;
CREATE UNIQUE INDEX secrets_by_name ON secrets (name) WHERE retired_at IS NULL;
`,
} as const;
