import type { Finding } from "../problem.ts";
import { memberField, memberOf, type Tree } from "../reading/tree.ts";
import { isJsonPath } from "../values/json-path.ts";
import { isTemplate } from "../values/template.ts";
import type { Outline } from "./outline.ts";
import { outsidePath } from "./paths.ts";

/** What a step that writes files writes: one file with its content, or many. */
export function fileFindings({ tree }: Outline): Finding[] {
  const [path, content, files] = ["path", "content", "files"].map((key) => memberOf(tree, key));
  if (files !== undefined && content !== undefined) {
    return [
      { ...at(files), code: "invalid_field", message: "content and files exclude each other", hint: "Keep one." },
    ];
  }
  if (files !== undefined) return filesFindings(files);
  const hint = "Give content, or files for many at once.";
  return [
    ...(path === undefined ? [missing(tree, "path")] : []),
    ...(content === undefined ? [{ ...missing(tree, "content"), hint }] : []),
  ];
}

function missing(tree: Tree, key: string): Finding {
  const message = `${key} is missing in a step of the type write_file`;
  return { at: tree.at, field: memberField(tree.field, key), code: "missing_field", message };
}

function filesFindings(files: Tree): Finding[] {
  if (files.kind === "branch") return [...files.entries].flatMap(([path, content]) => keyFindings(path, content));
  if (files.kind === "list") return files.items.flatMap(itemFindings);
  if (typeof files.value === "string" && files.value.trim() !== "") return [];
  const message = "files must be an object of contents by path, a list of { path, content }, or a text that holds many";
  return [{ ...at(files), code: "invalid_field", message }];
}

function keyFindings(path: string, content: Tree): Finding[] {
  const place = { at: content.keyAt, field: content.field };
  if (isTemplate(path)) {
    const hint = "Write files as a list of { path, content }: there a path may hold references.";
    return [{ ...place, code: "invalid_field", message: "the names of an object take no references", hint }];
  }
  return outsideFindings(place, path);
}

function itemFindings(item: Tree): Finding[] {
  if (item.kind === "leaf" && typeof item.value === "string" && isReference(item.value)) return [];
  const path = memberOf(item, "path");
  if (path === undefined || memberOf(item, "content") === undefined) {
    return [{ ...at(item), code: "invalid_field", message: "each of files must be { path, content }" }];
  }
  return path.kind === "leaf" && typeof path.value === "string" ? outsideFindings(at(path), path.value) : [];
}

function isReference(text: string): boolean {
  return isTemplate(text) || isJsonPath(text);
}

function outsideFindings(place: Pick<Finding, "at" | "field">, path: string): Finding[] {
  if (!outsidePath(path)) return [];
  const hint = "Write a path relative to it, without .. at the beginning.";
  const message = `a path of files leads out of the workspace: ${path.slice(0, 80)}`;
  return [{ ...place, code: "invalid_field", message, hint }];
}

function at({ at: place, field }: Tree): Pick<Finding, "at" | "field"> {
  return { at: place, field };
}
