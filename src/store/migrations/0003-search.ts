/** Frozen: a released migration never changes; what comes later is a new one. */
export const search = {
  number: 3,
  name: "0003-search",
  sql: `
CREATE VIRTUAL TABLE executions_search USING fts5 (
  text, content = '', contentless_delete = 1, detail = 'none', tokenize = 'unicode61'
);
INSERT INTO executions_search (rowid, text)
  SELECT seq, concat_ws(' ', id, workflow, target, tags, CASE WHEN input NOT GLOB '@*' THEN substr(input, 1, 1000) END,
    failure ->> '$.code', failure ->> '$.message') FROM executions;
`,
} as const;
