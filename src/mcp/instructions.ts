import type { App } from "../app.ts";

/** Some clients show the model nothing else at first, and cut at 4,096 characters. */
const longest = 4_000;

const life = `Savepoint runs durable workflows: TypeScript flows of this project whose steps (checkpoints) are recorded and never lost or computed twice. The life of an execution:
1. executions_run { target, input } starts one; target is "path/to/file.ts:flow" or the name of a flow under flows/. The input is checked first; an error says what it should be.
2. It runs in a worker process, not in this call: closing the client, a timeout or a crash does not stop it. wait_seconds (at most 45) only says how long a call looks.
3. Every answer has status and \`next\`, the call that makes sense now. executions_get { execution_id, wait_seconds } looks again or waits for more.
4. status waiting with pending_waits: it asks a person or you. executions_input { execution_id, value } answers; executions_waits lists all open questions.
5. completed: \`result\` is what it returned. artifacts_list and artifacts_get read what it saved, and each checkpoint's output.
6. failed: \`failure\` says where and why, executions_logs what was printed. The cause lay outside: executions_retry. The code was wrong: edit the file, then executions_replay with code "current".
7. executions_replay { execution_id, from, overrides } starts a new execution from a checkpoint of an old one, with other outputs if you like; dry_run shows the plan.
8. An execution keeps the code that it was started with, even when the file is edited meanwhile.
9. executions_cancel ends one for good. Give executions_run an idempotency_key when you may have to repeat the call.
10. Nothing goes on? status shows workers, what is overdue, and warnings.
Ids may be shortened to a unique beginning. Lists answer next_cursor for the next page. Errors carry a hint with the next call to make.`;

/** How an execution lives, in ten lines, and what is special about this project. */
export function instructionsOf({ config }: App): string {
  const note = config.projectNote === undefined ? "" : `\n${config.projectNote}`;
  return `${life}${note}`.slice(0, longest);
}
