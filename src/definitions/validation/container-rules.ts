import type { StepType } from "../model/steps.ts";
import type { Finding } from "../problem.ts";
import { memberOf } from "../reading/tree.ts";
import { allSteps, type Outline, type OutlineList } from "./outline.ts";

const containers: readonly (StepType | undefined)[] = ["condition", "parallel", "loop"];

/** A step that only holds others is no checkpoint: nothing of it can be tried again, timed or counted by itself. */
export function checkContainers(root: OutlineList): Finding[] {
  return allSteps(root).filter(isContainer).flatMap(containerFindings);
}

function isContainer({ kind }: Outline): boolean {
  return containers.includes(kind);
}

function containerFindings({ kind, tree }: Outline): Finding[] {
  return ["retry", "timeout", "guardrails"].flatMap((key): Finding[] => {
    const leaf = memberOf(tree, key);
    if (leaf === undefined) return [];
    const { keyAt: at, field } = leaf;
    const hint =
      kind === "condition" ? "Give it to the steps that it leads to." : "Give it to the steps in it, each its own.";
    const message = `${key} ${key === "guardrails" ? "have" : "has"} no effect on a ${kind} step`;
    return [{ code: "invalid_field", at, field, message, hint }];
  });
}
