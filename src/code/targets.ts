import { extname } from "node:path";
import { UserError } from "../core/errors.ts";

/** What a target string means, before anything is looked up. */
export type Target =
  | { kind: "file"; path: string; flow: string | undefined }
  | { kind: "package"; specifier: string; flow: string }
  | { kind: "name"; name: string };

export const targetForms =
  'Write "path/to/file.ts:flow", "path/to/definition.md", "package/module:flow", or the name of a workflow.';

/** Extensions of files that can hold flows. */
export const flowExtensions = [".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"];
const definitionExtensions = [".md", ".markdown", ".toml", ".yaml", ".yml"];

/** Whether a file is a workflow's definition, and no code. */
export function isDefinition(path: string): boolean {
  return definitionExtensions.includes(extname(path).toLowerCase());
}

const otherExtensions = [
  ".py",
  ".ipynb",
  ".rb",
  ".go",
  ".rs",
  ".java",
  ".php",
  ".sh",
  ".json",
  ".txt",
  ".html",
  ".css",
  ".wasm",
  ".sql",
];
const knownExtensions = new Set([...flowExtensions, ...definitionExtensions, ...otherExtensions]);
const longest = 1_000;

export function parseTarget(text: string): Target {
  refuseUnreadable(text);
  const { before, flow } = split(text.trim());
  if (before === "") throw invalid(`The target ${shown(text)} names no file`);
  if (flow === "") throw invalid(`The target ${shown(text)} ends with a colon but names no flow`);
  if (isPath(before)) return { kind: "file", path: before, flow };
  if (flow === undefined) return { kind: "name", name: before };
  refuseSecondFlow(text, before);
  return { kind: "package", specifier: before, flow };
}

/** `flows/review.ts:review:review` would be looked for among the packages. */
function refuseSecondFlow(text: string, before: string): void {
  const { before: path, flow } = split(before);
  if (flow === undefined || !isPath(path)) return;
  const meant = JSON.stringify(`${path}:${flow}`);
  throw new UserError("invalid_input", `The target ${shown(text)} has one colon too many`, {
    hint: `One flow is named after the file: ${meant}, perhaps.`,
    details: { field: "target" },
  });
}

function refuseUnreadable(text: string): void {
  if (text.trim() === "") throw invalid("The target is empty");
  if (text.length > longest) throw invalid(`The target is ${text.length} characters long; at most ${longest} are read`);
  if (/\p{Cc}/u.test(text)) throw invalid(`The target ${shown(text)} holds control characters`);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text.trim())) throw invalid(`The target ${shown(text)} is a URL`);
}

/** At the last colon, which is not that of a drive: `C:\flows\review.ts:review`. */
function split(text: string): { before: string; flow: string | undefined } {
  const at = text.lastIndexOf(":");
  const isDrive = at === 1 && /^[a-z]:[\\/]/i.test(text);
  if (at === -1 || isDrive) return { before: text, flow: undefined };
  return { before: text.slice(0, at).trim(), flow: text.slice(at + 1).trim() };
}

/** Else it is the name of a flow, or of a package. */
function isPath(text: string): boolean {
  return (
    /^(\.{0,2}[\\/]|[a-z]:[\\/])/i.test(text) ||
    text === "." ||
    text === ".." ||
    knownExtensions.has(extname(text).toLowerCase()) ||
    /[\\/]$/.test(text)
  );
}

function invalid(message: string): UserError {
  return new UserError("invalid_input", message, { hint: targetForms, details: { field: "target" } });
}

function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
