/** Frozen: a released migration never changes; what comes later is a new one. */
export const children = {
  number: 4,
  name: "0004-children",
  sql: `
ALTER TABLE executions ADD COLUMN parent_ordinal INTEGER;
CREATE INDEX executions_children_by_wake ON executions (parent_seq, wake_at)
  WHERE parent_seq IS NOT NULL AND wake_at IS NOT NULL;
CREATE INDEX executions_children_by_status ON executions (parent_seq, status) WHERE parent_seq IS NOT NULL;
`,
} as const;
