import { UserError } from "../../core/errors.ts";
import type { Execution } from "../../store/execution.ts";
import type { Store } from "../../store/store.ts";

/** Ids begin with the time of their making: with fewer characters those of years are alike. */
const shortest = 4;

/**
 * The execution with this id or, where it is unique, this beginning of one.
 * @throws UserError `not_found` or `ambiguous`
 */
export function findExecution(store: Store, given: string): Execution {
  const id = given.trim().toLowerCase();
  const exact = store.executions.byId(id);
  if (exact !== undefined) return exact;
  const found = id.length < shortest ? [] : store.executions.byPrefix(id);
  const [only] = found;
  if (only === undefined) {
    throw new UserError("not_found", `there is no execution ${JSON.stringify(given)}`, {
      hint:
        id.length < shortest
          ? `Too short to look for: give at least ${shortest} characters of the id. executions_list shows the ids.`
          : "executions_list shows the ids; the first characters are enough when only one begins so.",
    });
  }
  if (found.length > 1) {
    throw new UserError(
      "ambiguous",
      `${found.length > 10 ? "more than 10" : found.length} executions begin with ${given}`,
      {
        hint: "Give more of the id.",
        details: { candidates: found.slice(0, 10).map((one) => one.id) },
      },
    );
  }
  return only;
}
