import { typeOf as inputType } from "../model/inputs.ts";
import type { Finding, Place } from "../problem.ts";
import type { Lines } from "../reading/lines.ts";
import { type Branch, type Leaf, memberOf, plain } from "../reading/tree.ts";
import { allSteps, type Outline, type OutlineList } from "./outline.ts";
import { referenceProblems } from "./reference-roots.ts";
import type { SecretUse, Surroundings, Use } from "./reference-use.ts";
import { type ValueField, valueFields } from "./value-fields.ts";
import { type FoundReference, referencesIn } from "./values.ts";
import { localsOf, type View, type Visibility, visibilityOf } from "./visibility.ts";

/** The file's text, to tell where in it a reference stands. */
export interface FileText {
  text: string;
  lines: Lines;
}

/** Each place is looked for in the text; those beyond have the place of their whole text. */
const mostPlaced = 500;
const mostTold = 1_000;

/** Everything that values refer to and that cannot exist, or not yet. */
export function checkReferences(
  fields: Branch,
  root: OutlineList,
  file: FileText,
): { findings: Finding[]; secrets: SecretUse[] } {
  const steps = allSteps(root);
  const inputs = memberOf(fields, "inputs");
  const around: Surroundings = {
    steps: new Map(steps.map((step) => [step.id, step])),
    inputs: new Map(inputs?.kind === "branch" ? [...inputs.entries].map(([name, tree]) => [name, typeOf(tree)]) : []),
    secrets: [],
    placed: 0,
    told: 0,
  };
  const visibility = visibilityOf(root);
  const findings = steps.flatMap((step) => stepFindings(step, visibility, { around, file }));
  const ends = [
    { key: "outputs", form: "value", view: visibility.atEnd },
    { key: "models", form: "text", view: { steps: new Set<string>(), locals: [] } },
  ] as const;
  for (const { key, form, view } of ends) {
    const tree = memberOf(fields, key);
    for (const found of tree === undefined ? [] : referencesIn(tree, form, { findings, steps: around.steps })) {
      findings.push(...referenceFindings(found, { view, field: { form }, around }, file));
    }
  }
  return { findings, secrets: around.secrets };
}

function typeOf(input: ReturnType<typeof memberOf>): string | undefined {
  if (input === undefined) return undefined;
  if (input.kind !== "branch") return inputType(plain(input));
  const type = input.entries.get("type");
  return type?.kind === "leaf" ? String(type.value) : undefined;
}

function stepFindings(
  step: Outline,
  visibility: Visibility,
  { around, file }: { around: Surroundings; file: FileText },
): Finding[] {
  if (step.kind === undefined) return [];
  const findings: Finding[] = [];
  for (const [key, field] of Object.entries(valueFields(step.kind))) {
    const tree = memberOf(step.tree, key);
    if (tree === undefined) continue;
    const view = viewFor(step, field, visibility);
    for (const found of referencesIn(tree, field.form, { findings, steps: around.steps })) {
      findings.push(...referenceFindings(found, { view, field, around, step }, file));
    }
  }
  return findings;
}

function viewFor(step: Outline, { perItem }: ValueField, visibility: Visibility): View {
  if (perItem === undefined) return visibility.of(step);
  const { steps, locals } = step.kind === "loop" ? visibility.within(step) : visibility.of(step);
  return { steps, locals: [...locals, ...localsOf(step)] };
}

function referenceFindings(found: FoundReference, use: Use, file: FileText): Finding[] {
  const { reference, leaf } = found;
  const { around } = use;
  const place = () => {
    around.placed += 1;
    return around.placed <= mostPlaced ? placeOf(leaf, reference.offset, file) : leaf.at;
  };
  if (around.told > mostTold) return [];
  const told = referenceProblems(found, use, place);
  around.told += told.length;
  if (around.told > mostTold) return [tooMany(leaf)];
  const at = told.length === 0 ? leaf.at : place();
  return told.map((one) => ({ code: "unknown_reference", at, field: leaf.field, ...one }));
}

function tooMany({ at, field }: Leaf): Finding {
  const message = `more than ${mostTold} references are wrong; the others are not told`;
  return { code: "too_large", at, field, message };
}

/** Where in the file a reference stands: at the same word, counted from the beginning of its text. */
function placeOf(leaf: Leaf, offset: number, { text, lines }: FileText): Place {
  const value = String(leaf.value);
  const word = /^[\w-]+/.exec(value.slice(offset, offset + 200))?.[0];
  if (word === undefined || offset === 0) return leaf.at;
  const source = text.slice(...leaf.span);
  let earlier = 0;
  for (let at = value.indexOf(word); at >= 0 && at < offset; at = value.indexOf(word, at + word.length)) earlier += 1;
  let found = source.indexOf(word);
  for (; found >= 0 && earlier > 0; earlier--) found = source.indexOf(word, found + word.length);
  return found < 0 ? leaf.at : lines.place(leaf.span[0] + found);
}
