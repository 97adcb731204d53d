import type { App } from "../app.ts";
import type { EntryOverview, Execution } from "./app-types.ts";
import { blockedReasonOf, busyWith } from "./blocked.ts";
import { callText, cut, iso, isoOrNull, shownText } from "./display.ts";
import { checkpointViews, settledWaitViews, sleepViews } from "./entry-views.ts";
import type { ExecutionView } from "./execution-schema.ts";
import { failureView } from "./failure-view.ts";
import { nextStep } from "./next-step.ts";
import { overdueSince } from "./overdue.ts";
import { budgetViews } from "./usage-view.ts";
import { inputView, resultView } from "./value-views.ts";
import { pendingWaitView } from "./wait-view.ts";

export type Detail = "concise" | "full";

const mostChildren = 50;

/** An execution as callers see it: everything that they need to decide what to do next. */
export async function executionView(app: App, recorded: Execution, detail: Detail = "concise"): Promise<ExecutionView> {
  const execution = { ...recorded, blockedReason: blockedReasonOf(app, recorded) };
  const entries = app.listings.journal.entries(execution);
  const view = {
    ...summaryOf(app, execution, detail),
    ...journalOf(app, execution, entries, detail),
    ...childrenOf(app, execution),
  };
  const holders = view.overdue === null ? [] : await busyWith(app, execution.id);
  const next = nextStep(app, execution, { ...view, busyWith: holders });
  if (detail === "concise") return { ...view, next };
  return {
    ...view,
    next,
    input: inputView(app, execution),
    waits: settledWaitViews(app, execution, entries),
    sleeps: sleepViews(entries),
  };
}

function summaryOf(app: App, execution: Execution, detail: Detail) {
  const since = overdueSince(execution, app.clock.now());
  const failure = ("failure" in execution ? execution.failure : undefined) ?? null;
  const parent = execution.parentSeq === null ? undefined : app.store.executions.get(execution.parentSeq);
  return {
    execution_id: execution.id,
    workflow: execution.workflow,
    target: execution.target,
    version: execution.version,
    status: execution.status,
    created_at: iso(execution.createdAt),
    started_at: isoOrNull(execution.startedAt),
    ended_at: "endedAt" in execution ? iso(execution.endedAt) : null,
    trigger: execution.trigger,
    stack: execution.stack,
    tags: execution.tags,
    attempt: execution.attempt,
    parent_execution_id: parent?.id ?? null,
    replayed_from: execution.replayedFrom,
    ...resultView(app, execution),
    failure: failure === null ? null : failureView(app, failure, detail),
    failed_step: failure?.step ?? null,
    blocked_reason: execution.blockedReason === null ? null : cut(shownText(app, execution.blockedReason), 2_000),
    overdue: since === null ? null : { since: iso(since) },
    pause_requested: execution.pauseRequested,
    progress: execution.progress,
    metadata: execution.metadata,
    ...budgetViews(app, execution.seq),
  };
}

function journalOf(app: App, execution: Execution, entries: readonly EntryOverview[], detail: Detail) {
  const checkpoints = entries.filter(({ kind }) => kind === "checkpoint");
  const count = (status: string) => checkpoints.filter((entry) => entry.status === status).length;
  const names = new Map(entries.map(({ ordinal, selector }) => [ordinal, selector]));
  return {
    pending_waits: app.store.journal
      .pendingWaits(execution.seq)
      .map((wait) => pendingWaitView(app.listings.entryId(execution.id, wait.ordinal), names.get(wait.ordinal), wait)),
    counts: {
      checkpoints: checkpoints.length,
      completed: count("completed"),
      failed: count("failed"),
      running: count("running"),
      artifacts: app.store.artifacts.list(execution.seq).length,
    },
    ...checkpointViews(app, execution, checkpoints, detail),
  };
}

/** As a tree that is written down: each is followed by its own children, which are one deeper. */
function childrenOf({ store }: App, { id, seq }: Execution) {
  const found = store.families.descendants(seq, mostChildren + 1);
  const children = found
    .slice(0, mostChildren)
    .map(({ id, pendingWaits, ...child }) => ({ execution_id: id, ...child, pending_waits: pendingWaits }));
  if (found.length <= mostChildren) return { children };
  const how = callText("executions_list", { parent_execution_id: id });
  return {
    children,
    children_note: `There are more than the ${mostChildren} that are shown; ${how} pages through its children.`,
  };
}
