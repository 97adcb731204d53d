import type { Place } from "../problem.ts";

/** What a file says, whatever it is written in, with the place of each value. */
export type Tree = Leaf | List | Branch;

interface Located {
  at: Place;
  /** Place of the key that stands in front of it; its own where there is none. */
  keyAt: Place;
  /** As the file writes it: `steps[2].args.title`. */
  field: string;
  /** Where its text begins and ends in the file. */
  span: readonly [number, number];
}

export interface Leaf extends Located {
  kind: "leaf";
  value: string | number | boolean | null;
}

export interface List extends Located {
  kind: "list";
  items: Tree[];
}

export interface Branch extends Located {
  kind: "branch";
  entries: Map<string, Tree>;
}

const plainKey = /^[\w-]+$/;

/** Path of a member: `parent.key`, or in brackets where a dot would mislead. */
export function memberField(parent: string, key: string): string {
  if (!plainKey.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === "" ? key : `${parent}.${key}`;
}

/** The value as plain data. Keys are safe: `__proto__` never gets into a tree. */
export function plain(tree: Tree): unknown {
  if (tree.kind === "leaf") return tree.value;
  if (tree.kind === "list") return tree.items.map(plain);
  return Object.fromEntries([...tree.entries].map(([key, value]) => [key, plain(value)]));
}

/** What stands at a path, as far as it goes. */
export function deepest(tree: Tree, path: readonly PropertyKey[]): { tree: Tree; rest: readonly PropertyKey[] } {
  let at = tree;
  for (const [depth, step] of path.entries()) {
    const next = memberOf(at, step);
    if (next === undefined) return { tree: at, rest: path.slice(depth) };
    at = next;
  }
  return { tree: at, rest: [] };
}

export function memberOf(tree: Tree, key: PropertyKey): Tree | undefined {
  if (tree.kind === "branch") return tree.entries.get(String(key));
  return tree.kind === "list" ? tree.items[Number(key)] : undefined;
}

/** The text of a member; undefined where it is missing or no text. */
export function textOf(tree: Tree | undefined, key: string): string | undefined {
  const member = tree && memberOf(tree, key);
  return member?.kind === "leaf" && typeof member.value === "string" ? member.value : undefined;
}

/** The members of a list; none where it is missing or something else. */
export function itemsOf(tree: Tree | undefined, key: string): Tree[] {
  const member = tree && memberOf(tree, key);
  return member?.kind === "list" ? member.items : [];
}

/** A value that the file implies at the place of another. */
export function leafAt(origin: Tree, value: Leaf["value"]): Leaf {
  const { at, keyAt, field, span } = origin;
  return { kind: "leaf", value, at, keyAt, field, span };
}

export function branchAt(origin: Tree, entries: Iterable<readonly [string, Tree]>): Branch {
  const { at, keyAt, field, span } = origin;
  return { kind: "branch", entries: new Map(entries), at, keyAt, field, span };
}

export function listAt(origin: Tree, items: Tree[]): List {
  const { at, keyAt, field, span } = origin;
  return { kind: "list", items, at, keyAt, field, span };
}
