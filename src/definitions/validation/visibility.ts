import { reachable, reversed, successors } from "../graph/links.ts";
import { loopNames } from "../values/scope.ts";
import type { Outline, OutlineList } from "./outline.ts";

/** What the values of a step may refer to. */
export interface View {
  /** Ids of the steps that may have run before. */
  steps: ReadonlySet<string>;
  /** Loop variables around it. */
  locals: readonly string[];
}

export interface Visibility {
  /** What the step's own values see. */
  of(step: Outline): View;
  /** What a loop's `while` and `collect` see: its own steps too. */
  within(loop: Outline): View;
  /** What is there when all is done. */
  atEnd: View;
}

/** Which steps may have run before which. A jump back counts: what it leads to may see what came before the jump. */
export function visibilityOf(root: OutlineList): Visibility {
  const views = new Map<Outline, View>();
  visit(root, { steps: new Set(), locals: [] }, views);
  const view = (step: Outline) => views.get(step) ?? { steps: new Set<string>(), locals: [] };
  return {
    of: view,
    within(loop) {
      const around = view(loop);
      const inner = loop.lists.flatMap(({ steps }) => steps.flatMap(leftBehind));
      return { steps: new Set([...around.steps, ...inner]), locals: around.locals };
    },
    atEnd: { steps: new Set(root.steps.flatMap(leftBehind)), locals: [] },
  };
}

function visit(list: OutlineList, around: View, views: Map<Outline, View>): void {
  const back = reversed(successors(list.steps, list.isParallel));
  for (const [index, step] of list.steps.entries()) {
    const earlier = [...reachable(back, [index])].flatMap((position) => {
      const other = list.steps[position];
      return other === undefined ? [] : leftBehind(other);
    });
    const view = { steps: new Set([...around.steps, ...earlier]), locals: around.locals };
    views.set(step, view);
    const inner = step.kind === "loop" ? inLoop(step, view) : view;
    for (const child of step.lists) visit(child, inner, views);
  }
}

/** The next pass of a loop with `while` sees what the last one left behind. */
function inLoop(loop: Outline, { steps, locals }: View): View {
  const before = loop.tree.entries.has("while") ? loop.lists.flatMap((list) => list.steps.flatMap(leftBehind)) : [];
  return { steps: new Set([...steps, ...before]), locals: [...locals, ...localsOf(loop)] };
}

/** The ids that stay known once a step has ended: a loop's steps ran more than once, so none of them stays. */
function leftBehind(step: Outline): string[] {
  if (step.kind === "loop") return [step.id];
  return [step.id, ...step.lists.flatMap(({ steps }) => steps.flatMap(leftBehind))];
}

/** The variables that a loop or a batch gives to what it repeats. */
export function localsOf({ kind, tree }: Outline): string[] {
  const variable = tree.entries.get("item_variable");
  const name = variable?.kind === "leaf" && typeof variable.value === "string" ? variable.value : "item";
  const isCounted = kind === "batch_llm" || tree.entries.has("items");
  return isCounted ? [name, ...loopNames] : [loopNames[0]];
}
