import { endOfList, fallsThrough, jumpsOf, reachable, reversed, successors } from "../graph/links.ts";
import { findCycle } from "../graph/order.ts";
import { type Finding, nameHint } from "../problem.ts";
import { itemsOf, memberOf, type Tree } from "../reading/tree.ts";
import { allLists, allSteps, type Outline, type OutlineList } from "./outline.ts";

/** Where the work goes on: what jumps and dependencies name, cycles, and steps that nothing leads to. */
export function checkJumps(root: OutlineList): Finding[] {
  const ids = new Set(allSteps(root).map(({ id }) => id));
  return allLists(root).flatMap((list) => [
    ...list.steps.flatMap((step) => [...jumpFindings(step, list, ids), ...dependencyFindings(step, list, ids)]),
    ...list.steps.flatMap((step) => pointlessFindings(step, list)),
    ...pointlessEndFindings(list, ids),
    ...cycleFindings(list),
    ...wayFindings(list),
  ]);
}

function jumpFindings(step: Outline, list: OutlineList, ids: Set<string>): Finding[] {
  const own = list.steps.map(({ id }) => id);
  return jumpLeaves(step).flatMap(({ leaf, target }): Finding[] => {
    const place = { at: leaf.at, field: leaf.field };
    if (list.isParallel || list.isGraph) {
      const why = list.isParallel ? "steps of a parallel run at the same time" : "a list with depends_on is a graph";
      const hint = "Use when, or a condition with then and else.";
      return [{ code: "bad_jump", ...place, message: `${step.id} cannot jump to ${target}: ${why}`, hint }];
    }
    if (own.includes(target) || (target === endOfList && !ids.has(target))) return [];
    if (ids.has(target)) {
      const message = `${step.id} cannot jump to ${target}, which stands in another list of steps`;
      const hint = own.length > 1 ? nameHint(target, own) : "Jumps lead within one list.";
      return [{ code: "bad_jump", ...place, message, hint }];
    }
    const message = `${step.id} jumps to ${target}, but there is no such step`;
    return [{ code: "unknown_step", ...place, message, hint: nameHint(target, own) }];
  });
}

function jumpLeaves(step: Outline): { leaf: Tree; target: string }[] {
  const targets = new Set(jumpsOf(step));
  const holders = [step.tree, ...(step.kind === "human" ? itemsOf(step.tree, "options") : [])];
  return holders
    .flatMap((holder) => ["next_step", "then_step", "else_step"].map((key) => memberOf(holder, key)))
    .flatMap((leaf) =>
      leaf?.kind === "leaf" && typeof leaf.value === "string" && targets.has(leaf.value)
        ? [{ leaf, target: leaf.value }]
        : [],
    );
}

function dependencyFindings(step: Outline, list: OutlineList, ids: Set<string>): Finding[] {
  const others = list.steps.map(({ id }) => id).filter((id) => id !== step.id);
  return itemsOf(step.tree, "depends_on").flatMap((leaf): Finding[] => {
    if (leaf.kind !== "leaf" || typeof leaf.value !== "string") return [];
    if (list.steps.some(({ id }) => id === leaf.value)) return [];
    const isElsewhere = ids.has(leaf.value);
    const what = isElsewhere ? "which stands in another list of steps" : "but there is no such step";
    const message = `${step.id} depends on ${leaf.value}, ${what}`;
    const hint = nameHint(leaf.value, others, "No other step stands in this list.");
    return [{ code: isElsewhere ? "bad_jump" : "unknown_step", at: leaf.at, field: leaf.field, message, hint }];
  });
}

/** A condition that leads to the same step whatever it says. */
function pointlessFindings(step: Outline, list: OutlineList): Finding[] {
  if (step.kind !== "condition" || list.isParallel || list.isGraph || step.lists.length > 0) return [];
  const following = step.next_step ?? list.steps[list.steps.indexOf(step) + 1]?.id;
  const then = step.then_step ?? following;
  const otherwise = step.else_step ?? following;
  if (then === undefined || then !== otherwise) return [];
  const message = `${step.id} leads to ${then} whether it holds or not`;
  const hint = "Where one of then_step and else_step is left out, the next step of the list follows: give both.";
  return [{ severity: "warning", code: "bad_jump", at: step.tree.at, field: step.tree.field, message, hint }];
}

/** Who writes it may mean the end of the workflow, which a jump within a list cannot bring about. */
function pointlessEndFindings({ steps, isParallel, isGraph, owner }: OutlineList, ids: Set<string>): Finding[] {
  const last = steps.at(-1);
  const leaf = last && memberOf(last.tree, "next_step");
  if (last?.next_step !== endOfList || leaf === undefined || isParallel || isGraph || ids.has(endOfList)) return [];
  const message = `${last.id} is the last step of its list: next_step: end has no effect`;
  const more = owner === undefined ? "" : ` What follows ${owner.id} is done all the same.`;
  const hint = `Leave it out.${more}`;
  return [{ severity: "warning", code: "bad_jump", at: leaf.at, field: leaf.field, message, hint }];
}

function cycleFindings({ steps }: OutlineList): Finding[] {
  const cycle = findCycle(steps);
  if (cycle === undefined) return [];
  const last = steps.find(({ id }) => id === cycle.at(-1));
  const leaf = last && memberOf(last.tree, "depends_on");
  const message = `these steps wait for each other: ${cycle.slice(0, 20).join(" → ")}`;
  const hint = "Take one of them out of the depends_on of another.";
  return leaf === undefined ? [] : [{ code: "cycle", at: leaf.at, field: leaf.field, message, hint }];
}

function wayFindings(list: OutlineList): Finding[] {
  const { steps } = list;
  const [first] = steps;
  // Where a jump leads nowhere, what it leaves out is not known.
  if (first === undefined || list.isParallel || list.isGraph || steps.some((step) => isLost(step, steps))) return [];
  const next = successors(steps, false);
  const reached = reachable(next, [0]).add(0);
  const last = steps.length - 1;
  const ends = steps.flatMap((step, index) => {
    return (index === last && fallsThrough(step)) || jumpsOf(step).some((target) => isEnd(target, steps))
      ? [index]
      : [];
  });
  const ending = reachable(reversed(next), ends);
  for (const end of ends) ending.add(end);
  return [
    ...steps.flatMap((step, index): Finding[] => (reached.has(index) ? [] : [unreachableFinding(step)])),
    ...([...reached].some((index) => ending.has(index)) ? [] : [endlessFinding(first)]),
  ];
}

function isEnd(target: string, steps: readonly Outline[]): boolean {
  return target === endOfList && steps.every(({ id }) => id !== target);
}

function isLost(step: Outline, steps: readonly Outline[]): boolean {
  return jumpsOf(step).some((target) => !isEnd(target, steps) && steps.every(({ id }) => id !== target));
}

function unreachableFinding({ id, tree }: Outline): Finding {
  const message = `nothing leads to the step ${id}`;
  const hint = "The steps before it jump elsewhere: let one jump here, or take it out.";
  return { code: "unreachable", at: tree.at, field: tree.field, message, hint };
}

function endlessFinding({ tree }: Outline): Finding {
  const message = "these steps never come to an end: every way leads back";
  const hint = "Let a condition leave the circle.";
  return { code: "cycle", at: tree.at, field: tree.field, message, hint };
}
