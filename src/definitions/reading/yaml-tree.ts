import {
  Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { shown } from "../../core/shown.ts";
import type { Finding } from "../problem.ts";
import type { Lines } from "./lines.ts";
import { Size } from "./size.ts";
import { type Branch, type Leaf, memberField, type Tree } from "./tree.ts";

interface Reading {
  text: string;
  lines: Lines;
  findings: Finding[];
  size: Size;
  /** By name, the last one so far: the library looks through the whole document for each alias. */
  anchors: Map<string, Node>;
}

interface Spot {
  field: string;
  depth: number;
  /** Offset of the key in front. */
  keyOffset: number | undefined;
}

/** Reads YAML 1.2 into a tree; undefined where its syntax is wrong, which is then among the findings. */
export function readYaml(text: string, lines: Lines, findings: Finding[]): Tree | undefined {
  // Unique keys are checked below: the library compares each with each.
  const doc = parseDocument(text, {
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "error",
    strict: true,
  });
  const wrong = syntaxFindings(doc, text, lines);
  findings.push(...wrong);
  if (wrong.some(({ code }) => code !== "hostile") || doc.errors.length > 0) return undefined;
  const reading = { text, lines, findings, size: new Size(findings), anchors: new Map<string, Node>() };
  const tree = treeOf(reading, doc.contents, { field: "", depth: 0, keyOffset: undefined });
  return reading.size.isOver ? undefined : tree;
}

function syntaxFindings(doc: Document, text: string, lines: Lines): Finding[] {
  const exhausted = doc.errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
  const errors = exhausted === undefined ? doc.errors.slice(0, 20) : [exhausted];
  return [
    ...errors.map(({ code, message, pos: [offset] }): Finding => {
      const at = lines.place(offset);
      if (code === "RESOURCE_EXHAUSTION") {
        return { code: "hostile", at, field: "", message: "the file is refused: it is nested too deeply to be read" };
      }
      return {
        code: "syntax",
        at,
        field: "",
        message: `YAML: ${firstLine(message)}`,
        hint: syntaxHint(code, text, offset),
      };
    }),
    ...doc.warnings.slice(0, 20).map(({ message, pos: [offset] }): Finding => {
      const hint = "Write plain YAML without tags.";
      return { code: "hostile", at: lines.place(offset), field: "", message: `YAML: ${firstLine(message)}`, hint };
    }),
  ];
}

function firstLine(message: string): string {
  return message.split(/\n|; please/, 1)[0] ?? message;
}

function syntaxHint(code: string, text: string, offset: number): string | undefined {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1).split("\n", 1)[0] ?? "";
  if (line.includes("{{") || line.includes("{%")) return quoteHint;
  switch (code) {
    case "TAB_AS_INDENT":
      return "Indent with spaces.";
    case "BLOCK_AS_IMPLICIT_KEY":
    case "BLOCK_IN_FLOW":
      return 'A text that holds ": " needs quotes around it.';
    case "BAD_DQ_ESCAPE":
      return "Between double quotes a backslash begins an escape; use single quotes, or write it twice.";
    case "MULTIPLE_DOCS":
      return "One file holds one definition.";
    default:
      return undefined;
  }
}

const quoteHint =
  'YAML reads { as the beginning of a map: put quotes around the value, for example "{{ inputs.tag }}".';

function treeOf(reading: Reading, node: unknown, spot: Spot): Tree | undefined {
  if (isAlias(node)) return aliasTree(reading, node, spot);
  noteAnchor(reading, node);
  const located = locate(reading, node, spot);
  if (!reading.size.takes(spot.depth, located.at, spot.field)) return undefined;
  if (isMap(node) && isBareTemplate(node, reading, located.span)) return bareTemplate(reading, located);
  if (isMap(node)) {
    const branch: Branch = { kind: "branch", entries: new Map(), ...located };
    for (const pair of node.items) addPair(reading, branch, pair, spot.depth);
    return branch;
  }
  if (isSeq(node)) {
    const items = node.items.flatMap((item, index) => {
      const tree = treeOf(reading, item, {
        field: `${spot.field}[${index}]`,
        depth: spot.depth + 1,
        keyOffset: undefined,
      });
      return tree === undefined ? [] : [tree];
    });
    return { kind: "list", items, ...located };
  }
  return isScalar(node) ? leafOf(reading, node, located) : { kind: "leaf", value: null, ...located };
}

function noteAnchor({ anchors }: Reading, node: unknown): void {
  if (!isCollection(node) && !isScalar(node)) return;
  const { anchor, range } = node;
  if (anchor === undefined || (anchors.get(anchor)?.range?.[0] ?? -1) >= (range?.[0] ?? 0)) return;
  anchors.set(anchor, node);
}

function isBareTemplate(node: YAMLMap, { text }: Reading, [start]: Leaf["span"]): boolean {
  return text.startsWith("{{", start) && node.items.some(({ key }) => isMap(key));
}

/** Read as the text that was meant, so that what it refers to is checked as well. */
function bareTemplate({ text, findings }: Reading, located: ReturnType<typeof locate>): Leaf {
  const message = "a template without quotes is no text in YAML";
  findings.push({ code: "syntax", at: located.at, field: located.field, message, hint: quoteHint });
  return { kind: "leaf", value: text.slice(...located.span), ...located };
}

/** An alias stands for its anchor's value; problems in that are told where the alias is used. */
function aliasTree(reading: Reading, alias: Alias, spot: Spot): Tree | undefined {
  const { at } = locate(reading, alias, spot);
  if (!reading.size.takes(spot.depth, at, spot.field)) return undefined;
  const target = reading.anchors.get(alias.source);
  const isInside =
    target?.range && alias.range && target.range[0] <= alias.range[0] && alias.range[0] < target.range[2];
  if (target === undefined || isInside) {
    const message = `the alias *${alias.source} ${isInside ? "holds itself" : "has no anchor"}`;
    reading.findings.push({ code: isInside ? "hostile" : "syntax", at, field: spot.field, message });
    return undefined;
  }
  return treeOf(reading, target, { ...spot, keyOffset: spot.keyOffset ?? alias.range?.[0] });
}

function addPair(reading: Reading, branch: Branch, pair: unknown, depth: number): void {
  if (!isPair(pair)) return;
  const { key, value } = pair;
  const keyNode = isAlias(key) ? reading.anchors.get(key.source) : key;
  const offset = rangeOf(key)?.[0] ?? branch.span[0];
  const at = reading.lines.place(offset);
  if (!isScalar(keyNode)) {
    reading.findings.push({ code: "syntax", at, field: branch.field, message: "a key must be a text" });
    return;
  }
  const name = keyNode.source ?? String(keyNode.value);
  const field = memberField(branch.field, name);
  if (name === "__proto__") {
    const message = "the key __proto__ is refused";
    reading.findings.push({ code: "hostile", at, field, message, hint: "Give it another name." });
    return;
  }
  const tree = treeOf(reading, value, { field, depth: depth + 1, keyOffset: offset });
  if (tree === undefined) return;
  if (name === "<<" && tree.kind === "branch") {
    for (const [inherited, member] of tree.entries) {
      if (!branch.entries.has(inherited)) branch.entries.set(inherited, member);
    }
    return;
  }
  const earlier = branch.entries.get(name);
  if (earlier?.keyAt && earlier.field === field) {
    const message = `${shown(name)} stands here twice, first in line ${earlier.keyAt.line}`;
    reading.findings.push({ code: "duplicate_key", at, field, message, hint: "Keep one of them." });
    return;
  }
  branch.entries.set(name, tree);
}

function leafOf(reading: Reading, node: Scalar, located: ReturnType<typeof locate>): Leaf {
  const { value } = node;
  if (typeof value === "string" || typeof value === "boolean" || value === null)
    return { kind: "leaf", value, ...located };
  const number = Number(value);
  if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number))) {
    const message = `${node.source ?? String(value)} is a number that cannot be kept exactly`;
    const hint = "Put quotes around it to keep it as a text.";
    reading.findings.push({ code: "invalid_field", at: located.at, field: located.field, message, hint });
    return { kind: "leaf", value: String(node.source ?? value), ...located };
  }
  return { kind: "leaf", value: number, ...located };
}

function locate({ lines }: Reading, node: unknown, { field, keyOffset }: Spot) {
  const range = rangeOf(node);
  const start = range?.[0] ?? keyOffset ?? 0;
  const end = range?.[1] ?? start;
  const at = lines.place(start);
  return { at, keyAt: keyOffset === undefined ? at : lines.place(keyOffset), field, span: [start, end] as const };
}

function rangeOf(node: unknown): Node["range"] {
  return isScalar(node) || isMap(node) || isSeq(node) || node instanceof Alias ? node.range : undefined;
}
