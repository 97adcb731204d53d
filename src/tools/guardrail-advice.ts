import type { App } from "../app.ts";
import { type LimitName, limitNames } from "../core/guardrails.ts";
import { callText } from "./display.ts";
import { exampleValue } from "./example-value.ts";
import type { ExecutionView } from "./execution-schema.ts";
import type { FailedExecution } from "./retry-advice.ts";

type PendingWait = ExecutionView["pending_waits"][number];

/** What to do about a limit that ended an execution; undefined where none did. */
export function raiseAdvice({ store }: App, { id, seq, parentSeq, failure }: FailedExecution): string | undefined {
  const { guardrail } = failure;
  const limit = limitNames.find((name) => name === guardrail?.limit);
  if (failure.origin !== "guardrail" || guardrail === undefined || limit === undefined) return undefined;
  const own = store.budgets.ofExecution(seq)?.limits[limit];
  if (own !== undefined && own <= guardrail.allowed) {
    const guardrails = { [limit]: moreThan(limit, Math.max(guardrail.allowed, guardrail.used)) };
    return `With a higher limit, if a person grants one, it goes on where it ended: ${callText("executions_retry", { execution_id: id, guardrails })}, for example.`;
  }
  const above = executionAbove(store, parentSeq, limit);
  if (above !== undefined) {
    return `The limit is that of an execution above it: ${callText("executions_get", { execution_id: above })} shows how that one is, and what it may use.`;
  }
  return `The limit is a checkpoint's own: raise it in the workflow's file and call ${callText("executions_replay", { execution_id: id, code: "current" })}.`;
}

function executionAbove({ executions, budgets }: App["store"], parentSeq: number | null, limit: LimitName) {
  for (let seq = parentSeq; seq !== null; ) {
    const above = executions.get(seq);
    if (above === undefined || budgets.ofExecution(seq)?.limits[limit] !== undefined) {
      return above?.id;
    }
    seq = above.parentSeq;
  }
  return undefined;
}

/** So much more is worth a retry, whatever the limit was. */
const smallestRaise: Readonly<Record<LimitName, number>> = {
  max_requests: 10,
  max_tokens: 10_000,
  max_tool_calls: 10,
  max_turns: 10,
  max_cost_usd: 0.1,
  max_time: 60_000,
};

/** About twice as much, as callers write it. */
function moreThan(limit: LimitName, reached: number): number {
  const value = reached + Math.max(reached, smallestRaise[limit]);
  if (limit === "max_time") return Math.ceil(value / 1_000);
  return limit === "max_cost_usd" ? Math.ceil(value * 100) / 100 : Math.ceil(value);
}

/** The limit for which a wait asks a higher one; undefined for the waits of workflows. */
export function raisedBy({ name, metadata }: Pick<PendingWait, "name" | "metadata">): LimitName | undefined {
  const limit = limitNames.find((one) => one === metadata?.["limit"]);
  return limit !== undefined && name.startsWith(`raise_${limit}`) ? limit : undefined;
}

/** How such a wait is answered: by a person, so that the call has a place for their number and not one. */
export function askPerson(
  id: string,
  limit: LimitName,
  { name, schema }: PendingWait,
  isOneOfSeveral: boolean,
): string {
  const least = exampleValue(schema ?? {});
  const number = typeof least === "number" ? `<${least} or more>` : "<their number>";
  const args = { execution_id: id, ...(isOneOfSeveral && { wait: name }), value: number };
  const abort = callText("executions_abort_wait", { execution_id: id, wait: name });
  return `It has reached ${limit} and asks for a higher one, which a person decides: show them the question in pending_waits, then answer with their number: ${callText("executions_input", args)}. ${abort} ends the work instead.`;
}
