import type { Step } from "../model/steps.ts";
import { orderOf } from "./order.ts";

/** In which order the steps of a list run. */
export interface ListPlan {
  /** Ids; those of one level run at the same time. */
  levels: string[][];
  /** The longest line of steps that wait for each other. */
  criticalPath: string[];
}

/** A list of steps, and where it stands: "" for that of the workflow, else `fan` or `which/then`. */
export interface PlacedList {
  /** The field of its step that holds it. */
  field: "steps" | "then" | "else";
  path: string;
  steps: readonly Step[];
  isParallel: boolean;
}

/** How a list would run; jumps are told by the steps. */
export function planOfList(steps: readonly Step[], isParallel = false): ListPlan {
  const order = orderOf(steps, isParallel);
  if (order.kind === "graph") return { levels: order.levels, criticalPath: order.criticalPath };
  const ids = steps.map(({ id }) => id);
  return { levels: ids.map((id) => [id]), criticalPath: ids };
}

/** The lists within a step. */
export function listsIn(step: Step, path: string): PlacedList[] {
  const own = path === "" ? step.id : `${path}/${step.id}`;
  if (step.type === "parallel" || step.type === "loop") {
    return [{ field: "steps", path: own, steps: step.steps, isParallel: step.type === "parallel" }];
  }
  if (step.type !== "condition") return [];
  return (["then", "else"] as const).flatMap((field) => {
    const steps = step[field] ?? [];
    return steps.length === 0 ? [] : [{ field, path: `${own}/${field}`, steps, isParallel: false }];
  });
}
