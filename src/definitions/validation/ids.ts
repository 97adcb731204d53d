import { type Finding, startOfFile } from "../problem.ts";
import { memberOf } from "../reading/tree.ts";
import { allSteps, type OutlineList } from "./outline.ts";

/** They would hide what values refer to by these names. */
const reserved = ["inputs", "input", "steps", "secrets"];
const mostSteps = 1_000;

export function checkIds(root: OutlineList): Finding[] {
  const findings: Finding[] = [];
  const seen = new Map<string, number>();
  const steps = allSteps(root);
  if (steps.length > mostSteps) {
    const message = `the definition has ${steps.length} steps; ${mostSteps} is the limit`;
    const hint = "Move parts of it into workflows of their own, and start them with workflow steps.";
    findings.push({ code: "too_large", at: startOfFile, field: "steps", message, hint });
  }
  for (const { id, tree } of steps) {
    const leaf = memberOf(tree, "id");
    if (leaf === undefined) continue;
    const first = seen.get(id);
    if (first !== undefined) {
      const message = `two steps have the id ${id}, the first in line ${first}`;
      const hint = "An id is unique in the whole definition, also within branches and loops.";
      findings.push({ code: "duplicate_id", at: leaf.at, field: leaf.field, message, hint });
    } else seen.set(id, leaf.at.line);
    if (reserved.includes(id)) {
      const message = `${id} cannot be the id of a step: values use this name`;
      findings.push({ code: "invalid_field", at: leaf.at, field: leaf.field, message, hint: "Choose another id." });
    }
  }
  return findings;
}
