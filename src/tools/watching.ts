import { isTerminal } from "../core/statuses.ts";
import type { Execution } from "./app-types.ts";
import type { ExecutionView } from "./execution-schema.ts";
import { type Detail, executionView } from "./execution-view.ts";
import type { CallContext } from "./operation.ts";
import { PersonAtClient } from "./person-at-client.ts";

/** A wait is on the record a moment before its execution has gone to sleep. */
const settlingMs = 200;
const ensureEveryMs = 1_000;
const tellEveryMs = 10_000;
/** More reports than a call can make between two checkpoints. */
const mostBetween = 10_000;

/**
 * Looks at an execution until there is something for the caller to do or read: it ended, it is paused, it asks
 * something or a child of it does, or it sleeps past the time that is left. What it asks is asked of the person at the
 * client where that can be done. The caller's leaving and the end of the time end only the look.
 */
export async function watchedView(
  context: CallContext,
  execution: Execution,
  { seconds, detail }: { seconds: number; detail?: Detail },
): Promise<ExecutionView> {
  const person = seconds <= 0 ? undefined : PersonAtClient.of(context);
  const found = await watchExecution(context, execution, { seconds, person });
  const view = await executionView(context.app, found, detail);
  const said = person?.said(view.pending_waits.map(({ wait_id: id }) => id)) ?? [];
  return { ...view, next: [...said, view.next].join(" ") };
}

async function watchExecution(
  context: CallContext,
  execution: Execution,
  { seconds, person }: { seconds: number; person: PersonAtClient | undefined },
): Promise<Execution> {
  const report = new Report(context);
  if (seconds <= 0) return watch(context, execution, { seconds, report });
  // Whoever waits may be the only one left who notices that the worker has died.
  const timer = setInterval(context.app.stack.ensureWorker, ensureEveryMs);
  try {
    for (;;) {
      const found = await watch(context, execution, { seconds, report });
      if (person === undefined) return found;
      if (!(await asked(person, found, report))) return context.app.findExecution(found.id);
    }
  } finally {
    clearInterval(timer);
  }
}

/** Clients that end a call after a minute are told that it goes on while the person thinks. */
async function asked(person: PersonAtClient, execution: Execution, report: Report): Promise<boolean> {
  let wait: string | undefined;
  const tell = () => wait !== undefined && report.tellBetween(`asks the person at the client: ${wait}`);
  const timer = setInterval(tell, tellEveryMs);
  try {
    return await person.answer(execution, (name) => {
      wait = name;
      tell();
    });
  } finally {
    clearInterval(timer);
  }
}

interface Watched {
  seconds: number;
  report: Report;
}

async function watch(context: CallContext, execution: Execution, { seconds, report }: Watched): Promise<Execution> {
  const { app, signal } = context;
  const giveUpAt = performance.now() + seconds * 1_000;
  const leftMs = () => Math.max(0, giveUpAt - performance.now());
  const asks = ({ seq }: Execution) => app.store.journal.pendingWaits(seq).length > 0;
  const waitsForChildren = ({ seq }: Execution) => {
    const { families } = app.store;
    return families.hasOpenChild(seq) && families.askingBelow(seq) === undefined;
  };
  const isSettled = (now: Execution) => {
    report.tell(now);
    return isIdle(now, { until: app.clock.now() + leftMs(), asks, waitsForChildren });
  };
  const found = await app.engine.watch(
    execution.id,
    (now) => isSettled(now) || (now.status === "running" && asks(now)),
    { timeoutMs: leftMs(), signal },
  );
  if (found.status !== "running" || !asks(found)) return found;
  return app.engine.watch(execution.id, isSettled, { timeoutMs: Math.min(leftMs(), settlingMs), signal });
}

interface Look {
  until: number;
  asks(execution: Execution): boolean;
  /** Whether it goes on when a child ends, and nothing below it asks for anything. */
  waitsForChildren(execution: Execution): boolean;
}

function isIdle(execution: Execution, { until, asks, waitsForChildren }: Look): boolean {
  if (isTerminal(execution.status) || execution.status === "paused") return true;
  if (execution.status !== "waiting") return false;
  return asks(execution) || (execution.wakeAt === null ? !waitsForChildren(execution) : execution.wakeAt > until);
}

/** How the execution gets on, as the caller is told; its numbers only rise. */
class Report {
  readonly #context: CallContext;
  #completed = -1;
  #between = 0;

  constructor(context: CallContext) {
    this.#context = context;
  }

  tell({ seq, status, progress: stage }: Execution): void {
    const { app, progress } = this.#context;
    if (progress === undefined) return;
    const completed = app.listings.journal.countCompleted(seq);
    if (completed <= this.#completed) return;
    this.#completed = completed;
    this.#between = 0;
    const text = `${completed} ${completed === 1 ? "checkpoint" : "checkpoints"} completed, ${status}`;
    progress({ completed, message: stage === null ? text : `${text}: ${stageText(stage)}` });
  }

  /** Between two checkpoints. */
  tellBetween(message: string): void {
    this.#between += 1;
    const completed = Math.max(0, this.#completed) + this.#between / mostBetween;
    this.#context.progress?.({ completed, message });
  }
}

function stageText({ stage, current, total }: Record<string, unknown>): string {
  const place = current === undefined ? "" : ` ${String(current)}${total === undefined ? "" : ` of ${String(total)}`}`;
  return `${stage === undefined ? "progress" : String(stage)}${place}`;
}
