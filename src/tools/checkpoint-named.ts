import { UserError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import type { EntryOverview } from "./app-types.ts";

/** The checkpoints with this selector or id, else those with this name. @throws UserError `not_found` */
export function checkpointsNamed(checkpoints: readonly EntryOverview[], wanted: string): EntryOverview[] {
  const exact = checkpoints.filter(({ selector, id }) => selector === wanted || id === wanted);
  const meant = exact.length > 0 ? exact : checkpoints.filter(({ name }) => name === wanted);
  if (meant.length > 0) return meant;
  const names = checkpoints.map(({ selector }) => selector);
  throw new UserError("not_found", `checkpoint: the execution has no checkpoint ${JSON.stringify(wanted)}`, {
    hint:
      didYouMean(wanted, names) ??
      (names.length === 0 ? "It has recorded none yet." : `It has: ${names.slice(0, 30).join(", ")}.`),
    details: { selectors: names.slice(0, 100) },
  });
}
