import { type ExecutionStatus, isTerminal } from "../core/statuses.ts";
import { type EventView, eventViewer } from "./event-view.ts";
import type { CallContext } from "./operation.ts";

export type Followed =
  | { kind: "event"; event: EventView }
  | { kind: "done"; execution_id: string; status: ExecutionStatus };

const eventsAtOnce = 200;
/** Changes are told; this is only the most that passes between two looks. */
const longestPauseMs = 5_000;

/**
 * The timeline of an execution as it grows, from the event after `afterId`, until the execution has ended or the
 * caller's signal fires. It looks for new events only when the one who takes them asks for more.
 * @throws UserError `not_found` or `ambiguous`
 */
export async function* followExecution(
  { app, signal }: CallContext,
  executionId: string,
  { afterId = 0 }: { afterId?: number | undefined },
): AsyncGenerator<Followed> {
  const execution = app.findExecution(executionId);
  const view = eventViewer(app, execution);
  let last = afterId;
  while (!signal.aborted) {
    // Whoever follows may be the only one left who notices that the worker has died.
    app.stack.ensureWorker();
    // Both are read after this: what changes in between is told.
    const change = new AbortController();
    const changed = app.engine.changes.next(execution.id, longestPauseMs, AbortSignal.any([signal, change.signal]));
    const { status } = app.findExecution(execution.id);
    const page = await app.listings.events({ executionSeq: execution.seq, afterId: last, limit: eventsAtOnce });
    try {
      for (const row of page.items) {
        last = row.id;
        yield { kind: "event", event: app.store.protection.redactValue(view(row)) };
        if (signal.aborted) return;
      }
      if (page.hasMore) continue;
      if (isTerminal(status)) return yield { kind: "done", execution_id: execution.id, status };
      await changed;
    } finally {
      change.abort();
    }
  }
}
