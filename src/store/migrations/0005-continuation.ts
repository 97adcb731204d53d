/** Frozen: a released migration never changes; what comes later is a new one. */
export const continuation = {
  number: 5,
  name: "0005-continuation",
  sql: `
ALTER TABLE executions ADD COLUMN continuation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN last_ordinal INTEGER NOT NULL DEFAULT 0;
`,
} as const;
