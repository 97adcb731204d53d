import { nameHint } from "../problem.ts";
import { referenceText } from "../values/reference.ts";
import { stepMembers } from "../values/scope.ts";
import type { Outline } from "./outline.ts";
import { outputShape, wrongTurn } from "./output-shapes.ts";
import type { Told, Use } from "./reference-use.ts";

/** What is wrong with a reference to a step. */
export function stepReference(
  id: string | number | undefined,
  members: readonly (string | number)[],
  use: Use,
  form: "template" | "path",
): Told[] {
  const { view, around } = use;
  if (typeof id !== "string")
    return [{ message: "steps must be followed by a step's id", hint: "Write steps.id.output." }];
  const target = around.steps.get(id);
  if (target === undefined) {
    const hint = nameHint(id, view.steps, "No step comes before this one.");
    return [{ code: "unknown_step", message: `there is no step ${id}`, hint }];
  }
  if (!view.steps.has(id)) return [notYet(target, use)];
  if (form === "path") return outputFindings(target, members, `$.${id}`);
  const [member, ...rest] = members;
  if (member === undefined) return [];
  if (!stepMembers.includes(String(member))) {
    const hint = `Write ${referenceText(["steps", id, "output", ...members])}.`;
    return [{ message: `steps.${id} has ${stepMembers.join(", ")}, but no ${member}`, hint }];
  }
  return member === "output" ? outputFindings(target, rest, `steps.${id}.output`) : [];
}

function outputFindings(target: Outline, path: readonly (string | number)[], whole: string): Told[] {
  const wrong = wrongTurn(outputShape(target), path);
  if (wrong === undefined) return [];
  const { depth, step, what, names, isSure } = wrong;
  const where = path.slice(0, depth).reduce<string>((way, one) => way + turnText(one), whole);
  const message = `${where} is ${what}: it has no ${step}`;
  const hint = names.length > 0 ? nameHint(String(step), names) : otherWay(target, whole);
  return [{ message, hint, severity: isSure ? "error" : "warning" }];
}

function turnText(step: string | number): string {
  return typeof step === "number" ? `[${step}]` : `.${step}`;
}

function otherWay({ kind, tree }: Outline, whole: string): string | undefined {
  if (kind === "llm" && !tree.entries.has("output_schema")) return "Give the step an output_schema to get an object.";
  return kind === "loop" || kind === "batch_llm" ? `Write ${whole}[0], or go through the list with a loop.` : undefined;
}

/** A step that there is, but that cannot have run when this one does. */
function notYet(target: Outline, { step, view }: Use): Told {
  const { id, within } = target;
  if (step !== undefined && step.id === id) return { message: `${id} refers to its own output` };
  const holder = loopAround(target, view);
  if (holder !== undefined) {
    const hint = `Write steps.${holder.id}.output, the list of its results; collect says what each holds.`;
    return { message: `${id} runs several times, in the loop ${holder.id}: it has no one output out here`, hint };
  }
  if (within !== undefined && within === step?.within && (within.isGraph || within.isParallel)) {
    const hint = `Add ${id} to the depends_on of ${step.id}.`;
    return { message: `${id} may run at the same time or later: ${step.id} does not depend on it`, hint };
  }
  const message = `${id} cannot have run before: it comes later, or in another branch`;
  const other = step !== undefined && target.within !== step.within;
  const move = other ? `Put what needs it where ${id} has run for certain.` : `Move what needs it below ${id}.`;
  return { message, hint: nameHint("", view.steps, move) };
}

/** The loop that a step is in and that has ended where the view is from. */
function loopAround({ within }: Outline, view: Use["view"]): Outline | undefined {
  for (let owner = within?.owner; owner !== undefined; owner = owner.within?.owner) {
    if (owner.kind === "loop" && view.steps.has(owner.id)) return owner;
  }
  return undefined;
}
