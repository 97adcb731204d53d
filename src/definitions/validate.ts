import { readDefinitionFields } from "./dialects/definition.ts";
import type { WorkflowDefinition } from "./model/definition.ts";
import { type Finding, type Problem, problemsOf } from "./problem.ts";
import { type DefinitionSource, readDocument } from "./reading/document.ts";
import { stemOf } from "./reading/stem.ts";
import { type Branch, textOf } from "./reading/tree.ts";
import { checkBranchSteps } from "./validation/branch-steps.ts";
import { checkContainers } from "./validation/container-rules.ts";
import { checkIds } from "./validation/ids.ts";
import { checkInputs } from "./validation/inputs.ts";
import { checkJumps } from "./validation/jumps.ts";
import { checkKnown, type Known } from "./validation/known.ts";
import { checkLiterals } from "./validation/literals.ts";
import { outlineOf } from "./validation/outline.ts";
import { checkReferences, type FileText } from "./validation/references.ts";
import { checkRules } from "./validation/rules.ts";
import { checkShape } from "./validation/shape.ts";
import { checkTriggers } from "./validation/triggers.ts";

export interface ValidatedDefinition {
  /** What the file calls it, or is called itself; undefined where nothing of it can be read. */
  name: string | undefined;
  /** Only where no problem is an error. */
  definition: WorkflowDefinition | undefined;
  /** Everything that is wrong, by place. */
  problems: Problem[];
}

/**
 * Reads a definition and tells everything that is wrong with it. Never throws for what a file says.
 * @param known what there is around it; what is left out is not checked
 */
export function validateDefinition(source: DefinitionSource, known: Known = {}): ValidatedDefinition {
  const findings: Finding[] = [];
  const document = readDocument(source, findings);
  const stem = stemOf(source.path);
  const fields = document.fields && readDefinitionFields(document.fields, document, { stem, findings });
  const checked = fields && checkFields(fields, document, known);
  const problems = problemsOf(source.path, [...findings, ...(checked?.findings ?? [])]);
  const isSound = problems.every(({ severity }) => severity !== "error");
  return { name: textOf(fields, "name"), definition: isSound ? checked?.definition : undefined, problems };
}

function checkFields(fields: Branch, file: FileText, known: Known): ReturnType<typeof checkShape> {
  const { definition, findings: ofShape } = checkShape(fields);
  const root = outlineOf(fields);
  const ofIds = checkIds(root);
  // Beyond the limit the rest would take its time, and tell nothing that helps.
  if (ofIds.some(({ code }) => code === "too_large"))
    return { definition: undefined, findings: [...ofShape, ...ofIds] };
  const { findings: ofReferences, secrets } = checkReferences(fields, root, file);
  const findings = [
    ...ofShape,
    ...ofIds,
    ...checkRules(root),
    ...checkContainers(root),
    ...checkInputs(fields, root),
    ...checkTriggers(fields),
    ...checkLiterals(fields, root),
    ...checkJumps(root),
    ...checkBranchSteps(root),
    ...ofReferences,
    ...checkKnown({ fields, root, secrets }, known),
  ];
  return { definition, findings };
}
