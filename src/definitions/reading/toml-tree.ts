import { parse, TomlDate, TomlError } from "smol-toml";
import type { Finding } from "../problem.ts";
import type { Lines } from "./lines.ts";
import { Size } from "./size.ts";
import { type TomlSpan, tomlPathKey, tomlSpans } from "./toml-places.ts";
import { memberField, type Tree } from "./tree.ts";

interface Reading {
  spans: Map<string, TomlSpan>;
  lines: Lines;
  findings: Finding[];
  size: Size;
}

interface Spot {
  path: (string | number)[];
  field: string;
  span: TomlSpan;
}

/** Reads TOML into a tree; undefined where its syntax is wrong, which is then among the findings. */
export function readToml(text: string, lines: Lines, findings: Finding[]): Tree | undefined {
  const data = parsed(text, findings);
  if (data === undefined) return undefined;
  const reading = { spans: tomlSpans(text), lines, findings, size: new Size(findings) };
  const tree = treeOf(reading, data, { path: [], field: "", span: { start: 0, end: text.length } });
  return reading.size.isOver ? undefined : tree;
}

function parsed(text: string, findings: Finding[]): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TomlError) {
      const at = { line: error.line, column: error.column };
      const message = error.message.split("\n", 1)[0]?.replace(/^Invalid TOML document: /, "") ?? "";
      findings.push({ code: "syntax", at, field: "", message: `TOML: ${message}` });
      return undefined;
    }
    if (!(error instanceof RangeError)) throw error;
    const message = "the file is refused: it is nested too deeply to be read";
    findings.push({ code: "hostile", at: { line: 1, column: 1 }, field: "", message });
    return undefined;
  }
}

function treeOf(reading: Reading, value: unknown, { path, field, span }: Spot): Tree | undefined {
  const at = reading.lines.place(span.start);
  if (!reading.size.takes(path.length, at, field)) return undefined;
  const located = { at, keyAt: at, field, span: [span.start, span.end] as const };
  if (Array.isArray(value)) {
    const items = value.flatMap((item: unknown, index) => {
      const tree = treeOf(reading, item, spotOf(reading, [...path, index], `${field}[${index}]`, span));
      return tree === undefined ? [] : [tree];
    });
    return { kind: "list", items, ...located };
  }
  if (value instanceof TomlDate) return { kind: "leaf", value: value.toISOString(), ...located };
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).flatMap(([key, member]: [string, unknown]) => {
      const spot = spotOf(reading, [...path, key], memberField(field, key), span);
      const tree = key === "__proto__" ? refuse(reading, spot) : treeOf(reading, member, spot);
      return tree === undefined ? [] : [[key, tree] as const];
    });
    return { kind: "branch", entries: new Map(entries), ...located };
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    const message = `${value} is a number that JSON cannot hold`;
    reading.findings.push({ code: "invalid_field", at, field, message });
    return { kind: "leaf", value: String(value), ...located };
  }
  const isPlain = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return { kind: "leaf", value: isPlain ? value : String(value), ...located };
}

/** What stands in a list or table in one line has the place of the whole. */
function spotOf({ spans }: Reading, path: Spot["path"], field: string, around: TomlSpan): Spot {
  return { path, field, span: spans.get(tomlPathKey(path)) ?? around };
}

function refuse({ findings, lines }: Reading, { field, span }: Spot): undefined {
  const message = "the key __proto__ is refused";
  findings.push({ code: "hostile", at: lines.place(span.start), field, message, hint: "Give it another name." });
}
