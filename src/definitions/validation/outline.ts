import { isGraph, type Linked } from "../graph/links.ts";
import { isStepType, type StepType } from "../model/steps.ts";
import { type Branch, itemsOf, memberOf, type Tree, textOf } from "../reading/tree.ts";

/** A step as far as it can be read: checks go on where the model refuses it. */
export interface Outline extends Linked {
  /** Undefined where the file names no kind that there is. */
  kind: StepType | undefined;
  tree: Branch;
  lists: OutlineList[];
  /** The list that it stands in. */
  within: OutlineList | undefined;
}

export interface OutlineList {
  key: "then" | "else" | "steps";
  /** Whether its steps run at the same time. */
  isParallel: boolean;
  isGraph: boolean;
  steps: Outline[];
  /** The step that it is in; undefined for the definition's own. */
  owner: Outline | undefined;
}

export function outlineOf(fields: Branch): OutlineList {
  return listOf(fields, "steps", undefined);
}

/** All steps at any depth, outer ones first. */
export function allSteps(list: OutlineList): Outline[] {
  return list.steps.flatMap((step) => [step, ...step.lists.flatMap(allSteps)]);
}

export function allLists(list: OutlineList): OutlineList[] {
  return [list, ...list.steps.flatMap((step) => step.lists.flatMap(allLists))];
}

function listOf(parent: Branch, key: OutlineList["key"], owner: Outline | undefined): OutlineList {
  const steps = itemsOf(parent, key)
    .filter((item) => item.kind === "branch")
    .map((tree, index) => stepOf(tree, index));
  const list = { key, isParallel: owner?.kind === "parallel", isGraph: isGraph(steps), steps, owner };
  for (const step of steps) step.within = list;
  return list;
}

function stepOf(tree: Branch, index: number): Outline {
  const type = textOf(tree, "type");
  const step: Outline = {
    // No step of a file has such an id, so nothing refers to it.
    id: textOf(tree, "id") ?? `#${index}:${tree.field}`,
    kind: isStepType(type) ? type : undefined,
    type,
    when: memberOf(tree, "when"),
    depends_on: memberOf(tree, "depends_on") && textsOf(itemsOf(tree, "depends_on")),
    next_step: textOf(tree, "next_step"),
    then_step: textOf(tree, "then_step"),
    else_step: textOf(tree, "else_step"),
    options: memberOf(tree, "options") && itemsOf(tree, "options").map(optionOf),
    on_timeout: textOf(tree, "on_timeout"),
    tree,
    lists: [],
    within: undefined,
  };
  for (const key of listKeys(step.kind)) {
    if (memberOf(tree, key) !== undefined) step.lists.push(listOf(tree, key, step));
  }
  return step;
}

function listKeys(kind: StepType | undefined): OutlineList["key"][] {
  if (kind === "condition") return ["then", "else"];
  return kind === "parallel" || kind === "loop" ? ["steps"] : [];
}

function optionOf(tree: Tree): { id: string; next_step?: string | undefined } {
  const id = tree.kind === "leaf" ? String(tree.value) : (textOf(tree, "id") ?? "");
  return { id, next_step: textOf(tree, "next_step") };
}

function textsOf(items: Tree[]): string[] {
  return items.flatMap((item) => (item.kind === "leaf" && typeof item.value === "string" ? [item.value] : []));
}
