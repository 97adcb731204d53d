-- What all migrations make together; a test compares it.
CREATE TABLE artifacts (
  id TEXT PRIMARY KEY,
  execution_seq INTEGER NOT NULL REFERENCES executions (seq) ON DELETE CASCADE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('prompt', 'response', 'context', 'input', 'output', 'blob')),
  ordinal INTEGER,
  content_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  tags TEXT NOT NULL DEFAULT '[]',
  value TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

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

CREATE TABLE cached_outputs (
  key TEXT PRIMARY KEY,
  execution_id TEXT NOT NULL,
  output TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE definitions (
  path TEXT PRIMARY KEY,
  stamp TEXT NOT NULL,
  summary TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE early_answers (
  execution_seq INTEGER NOT NULL REFERENCES executions (seq) ON DELETE CASCADE,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  answered_at INTEGER NOT NULL,
  PRIMARY KEY (execution_seq, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  execution_seq INTEGER NOT NULL REFERENCES executions (seq) ON DELETE CASCADE,
  type TEXT NOT NULL,
  at INTEGER NOT NULL,
  ordinal INTEGER,
  data TEXT
) STRICT;

CREATE TABLE execution_tags (
  tag TEXT NOT NULL,
  execution_seq INTEGER NOT NULL REFERENCES executions (seq) ON DELETE CASCADE,
  PRIMARY KEY (tag, execution_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE executions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  workflow TEXT NOT NULL,
  target TEXT NOT NULL,
  version TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled')),
  stack TEXT NOT NULL,
  trigger TEXT NOT NULL,
  tags TEXT NOT NULL DEFAULT '[]',
  input TEXT,
  attempt INTEGER NOT NULL DEFAULT 1,
  epoch INTEGER NOT NULL DEFAULT 0,
  owner TEXT,
  wake_at INTEGER,
  timeout_ms INTEGER,
  deadline_at INTEGER,
  last_position INTEGER NOT NULL DEFAULT 0,
  pause_requested INTEGER NOT NULL DEFAULT 0,
  blocked_reason TEXT,
  parent_seq INTEGER REFERENCES executions (seq),
  depth INTEGER NOT NULL DEFAULT 0,
  replayed_from TEXT,
  replay TEXT,
  result TEXT,
  failure TEXT,
  metadata TEXT,
  progress TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER
, parent_ordinal INTEGER, continuation INTEGER NOT NULL DEFAULT 0, last_ordinal INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT NULL DEFAULT 0, parent_checkpoint INTEGER, models TEXT, workspace TEXT, timeouts TEXT) STRICT;

CREATE VIRTUAL TABLE executions_search USING fts5 (
  text, content = '', contentless_delete = 1, detail = 'none', tokenize = 'unicode61'
);

CREATE TABLE 'executions_search_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'executions_search_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'executions_search_docsize'(id INTEGER PRIMARY KEY, sz BLOB, origin INTEGER);

CREATE TABLE 'executions_search_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE VIRTUAL TABLE executions_words USING fts5vocab ('executions_search', 'instance');

CREATE TABLE idempotency_keys (
  operation TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  execution_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (operation, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
  execution_seq INTEGER NOT NULL REFERENCES executions (seq) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('checkpoint', 'wait', 'sleep', 'child', 'value', 'log', 'save', 'load', 'progress')),
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  occurrence INTEGER NOT NULL,
  arguments_hash TEXT,
  status TEXT NOT NULL,
  origin TEXT,
  type TEXT,
  reuse TEXT NOT NULL DEFAULT 'own' CHECK (reuse IN ('own', 'arguments', 'candidate')),
  attempt INTEGER NOT NULL DEFAULT 1,
  after_position INTEGER NOT NULL,
  position INTEGER,
  due_at INTEGER,
  output TEXT,
  failure TEXT,
  detail TEXT,
  metadata TEXT,
  progress TEXT,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  PRIMARY KEY (execution_seq, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE logs (
  id INTEGER PRIMARY KEY,
  execution_seq INTEGER NOT NULL REFERENCES executions (seq) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  level TEXT NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('flow', 'checkpoint', 'engine')),
  ordinal INTEGER,
  frontier INTEGER,
  message TEXT NOT NULL
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

CREATE TABLE process_groups (
  execution_seq INTEGER NOT NULL REFERENCES executions (seq) ON DELETE CASCADE,
  pid INTEGER NOT NULL,
  process_start TEXT,
  host TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  PRIMARY KEY (execution_seq, host, pid)
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

CREATE TABLE secrets (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  keys TEXT NOT NULL,
  sealed TEXT NOT NULL,
  visibility TEXT NOT NULL CHECK (visibility IN ('private', 'shared')),
  created_at INTEGER NOT NULL,
  retired_at INTEGER
, workflows TEXT) STRICT;

CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
  hash TEXT PRIMARY KEY,
  source_path TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE workers (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('detached', 'foreground', 'embedded')),
  state TEXT NOT NULL CHECK (state IN ('starting', 'active', 'draining')),
  pid INTEGER,
  process_start TEXT,
  host TEXT NOT NULL,
  savepoint_version TEXT NOT NULL,
  concurrency INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL
) STRICT;

CREATE INDEX artifacts_by_execution ON artifacts (execution_seq, name);

CREATE INDEX events_by_execution ON events (execution_seq, id);

CREATE INDEX executions_by_created ON executions (created_at);

CREATE INDEX executions_by_owner ON executions (owner) WHERE owner IS NOT NULL;

CREATE INDEX executions_by_parent ON executions (parent_seq) WHERE parent_seq IS NOT NULL;

CREATE INDEX executions_by_source ON executions (replayed_from, seq) WHERE replayed_from IS NOT NULL;

CREATE INDEX executions_by_stack ON executions (stack, seq);

CREATE INDEX executions_by_status ON executions (status, seq);

CREATE INDEX executions_by_trigger ON executions (trigger, seq);

CREATE INDEX executions_by_wake ON executions (wake_at) WHERE wake_at IS NOT NULL;

CREATE INDEX executions_by_workflow ON executions (workflow, seq);

CREATE INDEX executions_by_workflow_and_status ON executions (workflow, status, seq);

CREATE INDEX executions_children_by_status ON executions (parent_seq, status) WHERE parent_seq IS NOT NULL;

CREATE INDEX executions_children_by_wake ON executions (parent_seq, wake_at)
  WHERE parent_seq IS NOT NULL AND wake_at IS NOT NULL;

CREATE INDEX journal_pending_waits ON journal (execution_seq, name) WHERE kind = 'wait' AND status = 'pending';

CREATE INDEX logs_by_execution ON logs (execution_seq, id);

CREATE UNIQUE INDEX model_aliases_one_default ON model_aliases (is_default) WHERE is_default = 1;

CREATE INDEX model_calls_by_execution ON model_calls (execution_seq, ordinal);

CREATE INDEX model_calls_by_model ON model_calls (model, id);

CREATE INDEX model_calls_running ON model_calls (execution_seq) WHERE status = 'running';

CREATE INDEX reservations_by_holder ON reservations (holder_seq);

CREATE UNIQUE INDEX secrets_by_name ON secrets (name) WHERE retired_at IS NULL;

CREATE UNIQUE INDEX workers_one_detached ON workers (kind) WHERE kind = 'detached' AND state <> 'draining';
