import type { App } from "../app.ts";
import type { EntryOverview, Execution, JournalEntry } from "./app-types.ts";
import { callText, iso, isoOrNull } from "./display.ts";
import type { CheckpointView, SettledWaitView } from "./execution-schema.ts";
import { failureView } from "./failure-view.ts";
import { usageOfCheckpoints } from "./usage-view.ts";
import { shortened } from "./value-views.ts";
import { metadataOf, questionOf } from "./wait-view.ts";

const mostConcise = 50;
// Clients put longer answers aside, out of the model's sight.
const mostFull = 40;
const mostOthers = 50;
const longestOutput = 500;

export function checkpointViews(
  app: App,
  execution: Execution,
  checkpoints: readonly EntryOverview[],
  detail: "concise" | "full",
): { checkpoints: CheckpointView[]; checkpoints_note?: string } {
  const shown = mostTelling(checkpoints, detail === "full" ? mostFull : mostConcise);
  const usage = usageOfCheckpoints(app, execution.seq);
  const views = shown.map((entry) => ({
    ...(detail === "full" ? fullView(app, execution, entry) : briefView(entry)),
    ...(usage.has(entry.ordinal) && { usage: usage.get(entry.ordinal) }),
  }));
  if (shown.length === checkpoints.length) return { checkpoints: views };
  const how = callText("artifacts_list", { execution_id: execution.id, kind: "output" });
  return {
    checkpoints: views,
    checkpoints_note: `${checkpoints.length - shown.length} earlier completed checkpoints are not shown; ${how} pages through all outputs.`,
  };
}

/** What is still to be done or has gone wrong, then the newest; in the order in which they started. */
function mostTelling(entries: readonly EntryOverview[], most: number): EntryOverview[] {
  if (entries.length <= most) return [...entries];
  const isDone = ({ status }: EntryOverview) => status === "completed" || status === "skipped";
  const open = entries.filter((entry) => !isDone(entry)).slice(-most);
  const completed = entries.filter(isDone);
  const room = most - open.length;
  return [...open, ...(room > 0 ? completed.slice(-room) : [])].sort((a, b) => a.ordinal - b.ordinal);
}

function briefView({ selector, status, origin }: EntryOverview): CheckpointView {
  return { selector, status, origin };
}

function fullView(app: App, { seq }: Execution, entry: EntryOverview): CheckpointView {
  const recorded = app.store.journal.find(seq, entry.ordinal);
  const output = recorded?.output;
  return {
    ...briefView(entry),
    checkpoint_id: entry.id,
    name: entry.name,
    type: entry.type,
    attempt: entry.attempt,
    next_attempt_at: isoOrNull(entry.dueAt),
    started_at: iso(entry.startedAt),
    ended_at: isoOrNull(entry.endedAt),
    duration_ms: entry.endedAt === null ? null : entry.endedAt - entry.startedAt,
    output_bytes: entry.outputBytes,
    ...(output != null && { output: shortened(app, output, { artifactId: entry.id, longest: longestOutput }) }),
    failure: recorded?.failure ? failureView(app, recorded.failure, "full") : null,
    metadata: recorded?.metadata ?? null,
    progress: recorded?.progress ?? null,
  };
}

/** Waits that were answered, aborted or have expired. */
export function settledWaitViews(app: App, { seq }: Execution, entries: readonly EntryOverview[]): SettledWaitView[] {
  const settled = entries.filter(({ kind, status }) => kind === "wait" && status !== "pending");
  return settled.slice(-mostOthers).map((entry) => {
    const recorded = app.store.journal.find(seq, entry.ordinal);
    const answer = recorded?.output;
    const answeredBy = recorded?.detail?.["answeredBy"];
    return {
      wait_id: entry.id,
      name: entry.selector,
      status: entry.status,
      question: questionOf({ detail: recorded?.detail ?? null }),
      asked_at: iso(entry.startedAt),
      expires_at: isoOrNull(entry.dueAt),
      settled_at: isoOrNull(entry.endedAt),
      answered_by: typeof answeredBy === "string" ? answeredBy : null,
      ...(answer != null && { answer: shortened(app, answer, { artifactId: entry.id, longest: longestOutput }) }),
      ...(recorded?.status === "expired" && { on_timeout: decisionOf(recorded) }),
      failure: recorded?.failure ? failureView(app, recorded.failure, "concise") : null,
    };
  });
}

/** A step may go on, or be skipped, where nobody answered; otherwise the answer is that of the deadline. */
function decisionOf({ failure, detail }: JournalEntry): string {
  if (failure !== null) return "fail";
  const decided = metadataOf({ detail })?.["on_timeout"];
  return decided === "continue" || decided === "skip" ? decided : "answer";
}

export function sleepViews(entries: readonly EntryOverview[]) {
  const sleeps = entries.filter(({ kind }) => kind === "sleep").slice(-mostOthers);
  return sleeps.map(({ status, startedAt, dueAt, endedAt }) => ({
    status,
    started_at: iso(startedAt),
    until: isoOrNull(dueAt ?? endedAt),
  }));
}
