import type { App } from "../app.ts";
import { isTerminal } from "../core/statuses.ts";
import { waitPlace } from "../core/wait-place.ts";
import { iso } from "./display.ts";
import type { PendingWaitView } from "./execution-schema.ts";
import { pendingWaitView } from "./wait-view.ts";

/** What became of the wait that a link leads to, as whoever holds the link may see it. */
export type LinkedWait =
  | { readonly state: "unknown" }
  /** The workflow has not come so far. */
  | { readonly state: "unasked"; readonly workflow: string }
  | { readonly state: "open"; readonly workflow: string; readonly wait: PendingWaitView }
  | { readonly state: "answered"; readonly workflow: string; readonly at: string | null; readonly by: string | null }
  | { readonly state: "expired"; readonly workflow: string }
  /** Nobody needs an answer any more. */
  | { readonly state: "over"; readonly workflow: string };

/**
 * The wait that stands at a place in an execution, rid of known secrets.
 * @throws UserError where it cannot be told what is secret
 */
export function linkedWait(app: App, executionId: string, place: string): LinkedWait {
  app.store.protection.refresh();
  return app.store.protection.redactValue(lookUp(app, executionId, place));
}

function lookUp({ store, listings, clock }: App, executionId: string, place: string): LinkedWait {
  const execution = store.executions.byId(executionId);
  if (execution === undefined) return { state: "unknown" };
  const { workflow, status, seq, id } = execution;
  const entry = store.journal.waits(seq).find((one) => waitPlace(one) === place);
  if (entry === undefined) return { state: isTerminal(status) ? "over" : "unasked", workflow };
  switch (entry.status) {
    case "pending": {
      if (entry.dueAt !== null && entry.dueAt <= clock.now()) return { state: "expired", workflow };
      const wait = pendingWaitView(listings.entryId(id, entry.ordinal), undefined, entry);
      return { state: "open", workflow, wait };
    }
    case "answered": {
      const by = entry.detail?.["answeredBy"];
      const at = entry.endedAt === null ? null : iso(entry.endedAt);
      return { state: "answered", workflow, at, by: typeof by === "string" ? by : null };
    }
    case "expired":
      return { state: "expired", workflow };
    default:
      return { state: "over", workflow };
  }
}
