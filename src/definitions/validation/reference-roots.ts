import { didYouMean } from "../../core/suggest.ts";
import { nameHint, type Place } from "../problem.ts";
import { referenceText } from "../values/reference.ts";
import { builtInNames } from "../values/scope.ts";
import type { Outline } from "./outline.ts";
import type { Surroundings, Told, Use } from "./reference-use.ts";
import { stepReference } from "./step-references.ts";
import type { FoundReference } from "./values.ts";
import { localsOf } from "./visibility.ts";

/** What is wrong with a reference, by the name that it begins with. */
export function referenceProblems(found: FoundReference, use: Use, place: () => Place): Told[] {
  return found.reference.form === "path" ? pathFindings(found, use) : templateFindings(found, use, place);
}

function templateFindings({ reference, leaf }: FoundReference, use: Use, place: () => Place): Told[] {
  const { path } = reference;
  const [root] = path;
  const { view, around } = use;
  if (root === "inputs") return inputFindings(path.slice(1), around);
  if (root === "steps") return stepReference(path[1], path.slice(2), use, "template");
  if (root === "secrets") return secretFindings(path, { place, field: leaf.field }, use);
  if (typeof root !== "string") return [{ message: "a reference begins with a name" }];
  if (view.locals.includes(root)) return [];
  if (around.inputs.has(root)) return inputFindings(path, around);
  if (builtInNames.some((name) => name === root)) return [];
  return [{ message: `there is nothing called ${root}`, hint: () => rootHint(path, use) }];
}

function pathFindings({ reference: { path } }: FoundReference, use: Use): Told[] {
  const [root, ...rest] = path;
  const { view, around } = use;
  if (root === undefined || typeof root === "number") {
    return [{ message: "the path must begin with a name: $.inputs, $.<step> or a loop variable" }];
  }
  if (view.locals.includes(root)) return [];
  if (around.steps.has(root)) return stepReference(root, rest, use, "path");
  if (root === "inputs" || root === "input") return inputFindings(rest, around);
  if (root === "steps" && typeof rest[0] === "string") {
    const hint = `In paths a step's output stands at the root: $.${rest.filter((step) => step !== "output").join(".")}.`;
    return [{ message: "there is nothing called steps in a path", hint }];
  }
  const hint = nameHint(
    root,
    ["inputs", ...view.steps, ...view.locals],
    "Write $.inputs.name, or $.id of a step above.",
  );
  return [{ code: "unknown_step", message: `there is no step ${root}`, hint }];
}

function inputFindings([name, ...rest]: readonly (string | number)[], { inputs }: Surroundings): Told[] {
  if (name === undefined) return [];
  const known = [...inputs.keys()];
  if (!inputs.has(String(name))) {
    const hint = nameHint(String(name), known, `Declare it: inputs: { ${name}: { type: string, required: true } }.`);
    return [{ message: `there is no input ${name}`, hint }];
  }
  const type = inputs.get(String(name));
  const [member] = rest;
  if (member === undefined || member === "size" || type === undefined || !scalarTypes.has(type)) return [];
  return [{ message: `the input ${name} is of the type ${type}: it has no ${member}` }];
}

const scalarTypes = new Set(["string", "integer", "number", "boolean"]);

function secretFindings(
  path: readonly (string | number)[],
  { place, field }: { place: () => Place; field: string },
  use: Use,
): Told[] {
  const [, name, key, ...rest] = path;
  if (use.field.secrets === undefined) {
    const hint = "They may stand in the env of shell steps, the headers of http steps and the args of tool steps.";
    return [{ code: "secret_not_allowed", message: "secrets may not stand here", hint }];
  }
  if (typeof name !== "string" || typeof key !== "string" || rest.length > 0) {
    const hint = "For example {{ secrets.github.TOKEN }}.";
    return [{ message: "a secret is named by its name and a key", hint }];
  }
  use.around.secrets.push({ name, key, at: place(), field });
  return [];
}

function rootHint(path: readonly (string | number)[], { view, around }: Use): string | undefined {
  const [root = "", ...rest] = path;
  const name = String(root);
  if (around.steps.has(name))
    return `Write ${referenceText(["steps", name, ...(rest[0] === "output" ? [] : ["output"]), ...rest])}.`;
  if (name === "outputs" && typeof rest[0] === "string") {
    return `Write ${referenceText(["steps", rest[0], "output", ...rest.slice(1)])}.`;
  }
  if (name === "input") return `Write ${referenceText(["inputs", ...rest])}.`;
  if (name === "env") return "The environment cannot be read: declare an input, or use a secret.";
  const loop = [...around.steps.values()].find((step) => localsOf(step).includes(name) && isRepeating(step));
  if (loop !== undefined) return `Only what ${loop.id} repeats has it; elsewhere write steps.${loop.id}.output.`;
  const names = ["inputs", "steps", ...view.locals, ...around.inputs.keys(), ...builtInNames];
  const near = didYouMean(name, names);
  if (near !== undefined || rest.length > 0) return near ?? "Write inputs.name or steps.id.output.";
  return `Declare it: inputs: { ${name}: { type: string, required: true } }.`;
}

function isRepeating({ kind }: Outline): boolean {
  return kind === "loop" || kind === "batch_llm";
}
