import { type Finding, startOfFile } from "../problem.ts";
import { partMarkdown } from "./front-matter.ts";
import { Lines } from "./lines.ts";
import type { Body } from "./sections.ts";
import { readToml } from "./toml-tree.ts";
import type { Branch, Tree } from "./tree.ts";
import { readYaml } from "./yaml-tree.ts";

/** A definition's text and where it comes from. */
export interface DefinitionSource {
  /** Shown in problems; its extension says how the text is read: .toml, .yaml, .yml, else Markdown. */
  path: string;
  text: string;
}

export interface Document {
  text: string;
  lines: Lines;
  /** What the fields are; undefined where they cannot be read, which is then among the findings. */
  fields: Branch | undefined;
  body: Body | undefined;
}

export const largestFileBytes = 1024 * 1024;

/** Reads the fields and the body of a file, whatever it is written in. */
export function readDocument({ path, text: given }: DefinitionSource, findings: Finding[]): Document {
  const text = given.replace(/^\uFEFF/, "");
  const refusal = refusalOf(text);
  if (refusal !== undefined) {
    findings.push(refusal);
    return { text, lines: new Lines(""), fields: undefined, body: undefined };
  }
  const lines = new Lines(text);
  const extension = /\.(toml|ya?ml)$/i.exec(path)?.[1]?.toLowerCase();
  if (extension !== undefined) {
    const tree = extension === "toml" ? readToml(text, lines, findings) : readYaml(text, lines, findings);
    return { text, lines, fields: fieldsOf(tree, findings), body: undefined };
  }
  const parts = partMarkdown(text, findings);
  if (parts === undefined) return { text, lines, fields: undefined, body: undefined };
  const body = { text, start: parts.bodyStart, lines };
  return { text, lines, fields: fieldsOf(readYaml(parts.yaml, lines, findings), findings), body };
}

function refusalOf(text: string): Finding | undefined {
  const bytes = Buffer.byteLength(text);
  if (bytes > largestFileBytes) {
    const message = `the file has ${bytes} bytes; ${largestFileBytes} is the limit`;
    const hint = "Move data and long prompts into files that a step reads.";
    return { code: "too_large", at: startOfFile, field: "", message, hint };
  }
  if (!text.includes("\0")) return undefined;
  return { code: "not_readable", at: startOfFile, field: "", message: "the file is not text: it holds NUL bytes" };
}

function fieldsOf(tree: Tree | undefined, findings: Finding[]): Branch | undefined {
  if (tree === undefined || tree.kind === "branch") return tree;
  const { at, keyAt, span } = tree;
  if (tree.kind === "leaf" && tree.value === null) {
    return { kind: "branch", entries: new Map(), at, keyAt, field: "", span };
  }
  const what = tree.kind === "list" ? "a list" : "a single value";
  const hint = "Write fields with their values, for example name: release-notes.";
  findings.push({ code: "syntax", at, field: "", message: `a definition is a map of fields; this is ${what}`, hint });
  return undefined;
}
