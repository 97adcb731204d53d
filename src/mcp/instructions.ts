import type { App } from "../app.ts";
import { groupOf, unofferedGroups } from "../tools/groups.ts";
import type { Operation } from "../tools/operation.ts";

/** Some clients show the model nothing else at first, and cut at 4,096 characters. */
const longest = 4_000;

const about =
  "Savepoint runs durable workflows: TypeScript flows and definitions (Markdown, YAML, TOML) of this project whose steps (checkpoints) are recorded and never lost or computed twice. The life of an execution:";

/** One sentence or two each, with the group that it is about. */
const life: readonly (readonly [group: string, text: string])[] = [
  [
    "workflows",
    "workflows_list shows what can be run, workflows_get one in full. To make one, read the resource savepoint://definitions/guide; workflows_validate checks a definition's text and workflows_save keeps it.",
  ],
  [
    "executions",
    'executions_run { target, input } starts one; target is the name of a workflow, "path/to/file.ts:flow" or "workflows/file.md". The input is checked first; an error says what it should be.',
  ],
  [
    "executions",
    "It runs in a worker process, not in this call: closing the client, a timeout or a crash does not stop it. wait_seconds (at most 45) only says how long a call looks.",
  ],
  [
    "executions",
    "Every answer has status and `next`, the call that makes sense now. executions_get { execution_id, wait_seconds } looks again or waits for more.",
  ],
  [
    "executions",
    "status waiting with pending_waits: it asks a person or you. executions_input { execution_id, value } answers; executions_waits lists all open questions.",
  ],
  [
    "artifacts",
    "completed: `result` is what it returned. artifacts_list and artifacts_get read what it saved, and each checkpoint's output.",
  ],
  [
    "executions",
    'failed: `failure` says where and why, executions_logs what was printed. The cause lay outside: executions_retry. The code was wrong: edit the file, then executions_replay with code "current".',
  ],
  [
    "executions",
    "executions_replay { execution_id, from, overrides } starts a new execution from a checkpoint of an old one, with other outputs if you like; dry_run shows the plan. Otherwise an execution keeps the code that it was started with, even when the file is edited meanwhile.",
  ],
  [
    "executions",
    "executions_cancel ends one for good. Give executions_run an idempotency_key when you may have to repeat the call.",
  ],
  ["server", "Nothing goes on? status shows workers, what is overdue, and warnings."],
];

const manners =
  "Ids may be shortened to a unique beginning. Lists answer next_cursor for the next page. Errors carry a hint with the next call to make.";

/** How an execution lives, in ten lines at most, as far as these operations let a client meet it; and what is special here. */
export function instructionsOf({ config }: App, operations: readonly Operation[]): string {
  const groups = new Set(operations.map(groupOf));
  const lines = life.filter(([group]) => groups.has(group)).map(([, text], index) => `${index + 1}. ${text}`);
  const note = config.projectNote === undefined ? [] : [config.projectNote];
  return [about, ...lines, manners, offered(operations, [...groups]), ...note].join("\n").slice(0, longest);
}

function offered(operations: readonly Operation[], groups: readonly string[]): string {
  const others = unofferedGroups(operations);
  const more = others.length === 0 ? "" : ` Not offered here: ${others.join(", ")} (savepoint mcp --groups).`;
  return `Groups of tools offered: ${groups.join(", ")}.${more}`;
}
