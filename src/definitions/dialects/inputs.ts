import { declarationKeys } from "../model/inputs.ts";
import { branchAt, leafAt, type Tree } from "../reading/tree.ts";
import { changed } from "./keys.ts";

export const inputTypeNames: Readonly<Record<string, string>> = {
  int: "integer",
  float: "number",
  bool: "boolean",
  str: "string",
  text: "string",
  list: "array",
  dict: "object",
  map: "object",
};

/** Declarations by the types of the model; a map that declares nothing is a default. */
export function readInputs(tree: Tree): Tree {
  if (tree.kind !== "branch") return tree;
  return branchAt(
    tree,
    [...tree.entries].map(([name, value]) => [name, readInput(value)] as const),
  );
}

function readInput(tree: Tree): Tree {
  if (tree.kind !== "branch") return tree;
  if (declarationKeys.some((key) => tree.entries.has(key))) {
    return changed(tree, "type", (type) =>
      type.kind === "leaf" && typeof type.value === "string"
        ? leafAt(type, Object.hasOwn(inputTypeNames, type.value) ? (inputTypeNames[type.value] ?? null) : type.value)
        : type,
    );
  }
  return branchAt(tree, [
    ["type", leafAt(tree, "object")],
    ["default", tree],
  ]);
}
