/** Frozen: a released migration never changes; what comes later is a new one. */
export const models = {
  number: 9,
  name: "0009-models",
  sql: `
ALTER TABLE executions ADD COLUMN parent_checkpoint INTEGER;
ALTER TABLE executions ADD COLUMN models TEXT;
ALTER TABLE secrets ADD COLUMN workflows TEXT;
CREATE TABLE budgets (
  execution_seq INTEGER NOT NULL REFERENCES executions (seq) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  limits TEXT,
  requests INTEGER NOT NULL DEFAULT 0,
  input_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  cached_tokens INTEGER NOT NULL DEFAULT 0,
  reasoning_tokens INTEGER NOT NULL DEFAULT 0,
  tool_calls INTEGER NOT NULL DEFAULT 0,
  turns INTEGER NOT NULL DEFAULT 0,
  cost_usd REAL NOT NULL DEFAULT 0,
  unpriced INTEGER NOT NULL DEFAULT 0,
  worked_ms INTEGER NOT NULL DEFAULT 0,
  warned TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (execution_seq, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE reservations (
  id TEXT NOT NULL,
  execution_seq INTEGER NOT NULL REFERENCES executions (seq) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  holder_seq INTEGER NOT NULL,
  holder_epoch INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  tool_calls INTEGER NOT NULL,
  turns INTEGER NOT NULL,
  cost_usd REAL NOT NULL,
  sent_tokens INTEGER NOT NULL,
  sent_cost_usd REAL,
  PRIMARY KEY (execution_seq, ordinal, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE model_calls (
  id INTEGER PRIMARY KEY,
  execution_seq INTEGER NOT NULL REFERENCES executions (seq) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  checkpoint TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('llm', 'agent')),
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  alias TEXT,
  attempt INTEGER NOT NULL,
  retries INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed')),
  finish_reason TEXT,
  error TEXT,
  input_tokens INTEGER,
  output_tokens INTEGER,
  cached_tokens INTEGER,
  reasoning_tokens INTEGER,
  tool_calls INTEGER NOT NULL DEFAULT 0,
  cost_usd REAL,
  started_at INTEGER NOT NULL,
  first_token_ms INTEGER,
  latency_ms INTEGER
) STRICT;
CREATE TABLE model_aliases (
  name TEXT PRIMARY KEY,
  model TEXT NOT NULL,
  secret TEXT,
  secret_key TEXT,
  base_url TEXT,
  is_default INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX model_calls_by_execution ON model_calls (execution_seq, ordinal);
CREATE INDEX model_calls_by_model ON model_calls (model, id);
CREATE INDEX model_calls_running ON model_calls (execution_seq) WHERE status = 'running';
CREATE INDEX reservations_by_holder ON reservations (holder_seq);
CREATE UNIQUE INDEX model_aliases_one_default ON model_aliases (is_default) WHERE is_default = 1;
`,
} as const;
