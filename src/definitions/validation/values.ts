import { shown } from "../../core/shown.ts";
import type { Finding } from "../problem.ts";
import { type Leaf, memberOf, type Tree } from "../reading/tree.ts";
import { isJsonPath } from "../values/json-path.ts";
import { type Reference, ValueSyntaxError } from "../values/reference.ts";
import { isTemplate } from "../values/template.ts";
import { compileValue } from "../values/value.ts";
import type { ValueField } from "./value-fields.ts";

/** A reference in a definition, and the text that it stands in. */
export interface FoundReference {
  reference: Reference;
  leaf: Leaf;
}

interface Told {
  findings: Finding[];
  /** By their ids: who writes one alone means its output. */
  steps: { has(id: string): boolean };
}

/** All references of a field; what cannot be read goes to the findings. */
export function referencesIn(tree: Tree, form: ValueField["form"], told: Told): FoundReference[] {
  const { findings } = told;
  if (form === "test") return testReferences(tree, told);
  if (tree.kind === "list") return tree.items.flatMap((item) => referencesIn(item, form, told));
  if (tree.kind === "branch") return [...tree.entries.values()].flatMap((item) => referencesIn(item, form, told));
  if (typeof tree.value !== "string") return [];
  if (form === "path") return pathReferences(tree, tree.value, told);
  return compiled(tree, tree.value, form === "value", findings);
}

function testReferences(tree: Tree, told: Told): FoundReference[] {
  if (tree.kind === "list") return tree.items.flatMap((item) => testReferences(item, told));
  if (tree.kind === "leaf") return typeof tree.value === "string" ? pathReferences(tree, tree.value, told) : [];
  const parts = [
    ["field", "path"],
    ["value", "value"],
    ["all", "test"],
    ["any", "test"],
    ["not", "test"],
  ] as const;
  return parts.flatMap(([key, form]) => {
    const member = memberOf(tree, key);
    return member === undefined ? [] : referencesIn(member, form, told);
  });
}

/** A field that only a reference makes sense in: a plain text would be the same in every run. */
function pathReferences(leaf: Leaf, value: string, { findings, steps }: Told): FoundReference[] {
  if (isTemplate(value) || isJsonPath(value)) return compiled(leaf, value, true, findings);
  const isName = /^[A-Za-z_][\w.[\]"'-]*$/.test(value.trim());
  const hint = isName
    ? bareNameHint(value.trim(), steps)
    : 'Write "{{ steps.id.output }}" or "$.id.member"; to compare, use field, operator and value.';
  const message = `${shown(value)} is no reference, so it would be the same in every run`;
  findings.push({ code: "invalid_field", at: leaf.at, field: leaf.field, message, hint });
  return [];
}

function bareNameHint(name: string, steps: Told["steps"]): string {
  const [, id = "", rest = ""] = /^([\w-]+)(?:\.output\b)?(.*)$/.exec(name) ?? [];
  return steps.has(id) ? `Write "$.${id}${rest}" or "{{ steps.${id}.output${rest} }}".` : `Write "{{ ${name} }}".`;
}

function compiled(leaf: Leaf, value: string, paths: boolean, findings: Finding[]): FoundReference[] {
  try {
    return compileValue(value, { paths }).references.map((reference) => ({ reference, leaf }));
  } catch (error) {
    if (!(error instanceof ValueSyntaxError)) throw error;
    const { code, message, hint } = error;
    findings.push({ code, at: leaf.at, field: leaf.field, message, hint });
    return [];
  }
}
