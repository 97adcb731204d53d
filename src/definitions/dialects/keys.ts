import type { Finding } from "../problem.ts";
import { type Branch, branchAt, type Tree } from "../reading/tree.ts";

/** A branch whose keys have the names of the model. Two names for one field are a finding. */
export function renamed(branch: Branch, names: Readonly<Record<string, string>>, findings: Finding[]): Branch {
  const result = branchAt(branch, []);
  for (const [key, value] of branch.entries) {
    const name = Object.hasOwn(names, key) ? (names[key] ?? key) : key;
    if (name !== key && branch.entries.has(name)) findings.push(twice(value, key, name));
    else result.entries.set(name, value);
  }
  return result;
}

/** A branch with the fields of one of its members in place of that member. */
export function lifted(branch: Branch, key: string, findings: Finding[]): Branch {
  const inner = branch.entries.get(key);
  if (inner?.kind !== "branch") return branch;
  const result = branchAt(branch, []);
  for (const [name, value] of branch.entries) {
    if (name !== key) result.entries.set(name, value);
  }
  for (const [name, value] of inner.entries) {
    if (result.entries.has(name)) findings.push(twice(value, `${key}.${name}`, name));
    else result.entries.set(name, value);
  }
  return result;
}

/** A branch with one member replaced by what `change` makes of it, where it has that member. */
export function changed(branch: Branch, key: string, change: (value: Tree) => Tree): Branch {
  const value = branch.entries.get(key);
  if (value === undefined) return branch;
  return branchAt(
    branch,
    [...branch.entries].map(([name, old]) => [name, name === key ? change(old) : old] as const),
  );
}

/** A branch with one more member, unless it has it. */
export function supplied(branch: Branch, key: string, value: Tree): Branch {
  return branch.entries.has(key) ? branch : branchAt(branch, [...branch.entries, [key, value] as const]);
}

export function without(branch: Branch, key: string): Branch {
  return branchAt(
    branch,
    [...branch.entries].filter(([name]) => name !== key),
  );
}

function twice(value: Tree, key: string, name: string): Finding {
  const message = `${key} is another name for ${name}, which is given as well`;
  return { code: "invalid_field", at: value.keyAt, field: value.field, message, hint: `Keep ${name} alone.` };
}
