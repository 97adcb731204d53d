/** Frozen: a released migration never changes; what comes later is a new one. */
export const listingIndices = {
  number: 8,
  name: "0008-listing-indices",
  sql: `
CREATE INDEX executions_by_workflow_and_status ON executions (workflow, status, seq);
CREATE VIRTUAL TABLE executions_words USING fts5vocab ('executions_search', 'instance');
`,
} as const;
