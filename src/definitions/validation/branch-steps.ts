import { fallsThrough, jumpsOf } from "../graph/links.ts";
import type { Finding } from "../problem.ts";
import { allLists, type Outline, type OutlineList } from "./outline.ts";

/** Where a condition's two steps are meant as branches, and the work runs from one straight into the other. */
export function checkBranchSteps(root: OutlineList): Finding[] {
  return allLists(root).flatMap(({ steps, isParallel, isGraph }) =>
    isParallel || isGraph ? [] : steps.flatMap((step, index) => mergingFindings(step, index, steps)),
  );
}

function mergingFindings(step: Outline, at: number, steps: readonly Outline[]): Finding[] {
  const { kind, lists, then_step, else_step, id, tree } = step;
  if (kind !== "condition" || lists.length > 0 || then_step === undefined || else_step === undefined) return [];
  const [first, second] = [indexOf(then_step, steps), indexOf(else_step, steps)].sort((one, other) => one - other);
  if (first === undefined || second === undefined || first <= at || first === second) return [];
  // Who says next_step means it.
  if (!steps.slice(first, second).every((one) => fallsThrough(one) && jumpsOf(one).length === 0)) return [];
  const [from, into] = [steps[first]?.id, steps[second]?.id];
  const message = `${id} leads to ${from} or to ${into}, and after ${from} the work goes on to ${into} as well`;
  const hint = `Write the branches as lists, then and else, or say in the step before ${into} what follows: next_step: end, or next_step: ${into} where it is meant.`;
  return [{ severity: "warning", code: "bad_jump", at: tree.at, field: tree.field, message, hint }];
}

function indexOf(target: string, steps: readonly Outline[]): number {
  return steps.findIndex(({ id }) => id === target);
}
