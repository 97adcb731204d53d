import { stepFields } from "../model/steps.ts";
import type { Finding } from "../problem.ts";
import { type Branch, memberOf, type Tree } from "../reading/tree.ts";
import { isTemplate } from "../values/template.ts";
import { allSteps, type OutlineList } from "./outline.ts";
import { valueFields } from "./value-fields.ts";

/** They are for people, have steps of their own, or describe data. */
const free = ["title", "description", "then", "else", "steps", "output_schema", "schema"];

/** References where nothing fills them in: they would stay as they are without a word. */
export function checkLiterals(fields: Branch, root: OutlineList): Finding[] {
  const ofSteps = allSteps(root).flatMap(({ kind, tree }) => {
    if (kind === undefined) return [];
    const filled = valueFields(kind);
    const fixed = stepFields(kind).filter((key) => !Object.hasOwn(filled, key) && !free.includes(key));
    return fixed.flatMap((key) => membersOf(tree, key));
  });
  const leaves = [...ofSteps, ...membersOf(fields, "triggers"), ...membersOf(fields, "tags")];
  return leaves.map(({ at, field }) => {
    const hint =
      "Write the value itself; what differs from run to run belongs into prompts, arguments, env and the like.";
    return { code: "invalid_field", at, field, message: "this field takes no references", hint };
  });
}

function membersOf(tree: Branch, key: string): Tree[] {
  const member = memberOf(tree, key);
  return member === undefined ? [] : templatesIn(member);
}

function templatesIn(tree: Tree): Tree[] {
  if (tree.kind === "list") return tree.items.flatMap(templatesIn);
  if (tree.kind === "branch") return [...tree.entries.values()].flatMap(templatesIn);
  return typeof tree.value === "string" && isTemplate(tree.value) ? [tree] : [];
}
