import { isTerminal } from "../core/statuses.ts";
import type { Execution } from "./app-types.ts";
import type { CallContext } from "./operation.ts";

/** A wait is on the record a moment before its execution has gone to sleep. */
const settlingMs = 200;
const ensureEveryMs = 1_000;

/**
 * Looks at an execution until there is something for the caller to do or read: it ended, it is paused, it asks
 * something or a child of it does, or it sleeps past the time that is left. The caller's leaving and the end of the time end only the look.
 */
export async function watchExecution(context: CallContext, execution: Execution, seconds: number): Promise<Execution> {
  // Whoever waits may be the only one left who notices that the worker has died.
  const { ensureWorker } = context.app.stack;
  const timer = seconds > 0 ? setInterval(ensureWorker, ensureEveryMs) : undefined;
  try {
    return await watch(context, execution, seconds);
  } finally {
    clearInterval(timer);
  }
}

async function watch(context: CallContext, execution: Execution, seconds: number): Promise<Execution> {
  const { app, signal } = context;
  const giveUpAt = performance.now() + seconds * 1_000;
  const leftMs = () => Math.max(0, giveUpAt - performance.now());
  const asks = ({ seq }: Execution) => app.store.journal.pendingWaits(seq).length > 0;
  const waitsForChildren = ({ seq }: Execution) => {
    const { families } = app.store;
    return families.hasOpenChild(seq) && families.askingBelow(seq) === undefined;
  };
  const report = reporter(context);
  const isSettled = (now: Execution) => {
    report(now);
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

function reporter({ app, progress }: CallContext): (execution: Execution) => void {
  if (progress === undefined) return () => {};
  let last = -1;
  return ({ seq, status, progress: stage }) => {
    const completed = app.listings.journal.countCompleted(seq);
    if (completed <= last) return;
    last = completed;
    const text = `${completed} ${completed === 1 ? "checkpoint" : "checkpoints"} completed, ${status}`;
    progress({ completed, message: stage === null ? text : `${text}: ${stageText(stage)}` });
  };
}

function stageText({ stage, current, total }: Record<string, unknown>): string {
  const place = current === undefined ? "" : ` ${String(current)}${total === undefined ? "" : ` of ${String(total)}`}`;
  return `${stage === undefined ? "progress" : String(stage)}${place}`;
}
