import type { Finding } from "../problem.ts";
import type { Lines } from "./lines.ts";
import { type Leaf, leafAt, type Tree } from "./tree.ts";

/** The text below the front matter. */
export interface Body {
  /** The whole file: offsets count in it. */
  text: string;
  start: number;
  lines: Lines;
}

interface Section {
  heading: string;
  slug: string;
  level: number;
  start: number;
  end: number;
}

/** The body as one text, as if it stood in a field. */
export function bodyLeaf({ text, start, lines }: Body): Leaf {
  return leafOf({ text, lines, field: "body" }, start, text.length);
}

const read = new WeakMap<Body, Section[]>();

/** Read once, however many prompts name one. */
function sectionsOf(body: Body): Section[] {
  const known = read.get(body) ?? readSections(body);
  read.set(body, known);
  return known;
}

/** The sections of a body by their headings; headings in fenced code are code. */
function readSections({ text, start }: Body): Section[] {
  const found: (Section & { at: number })[] = [];
  let fence: string | undefined;
  for (let at = start; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline + 1;
    const line = text.slice(at, end).trimEnd();
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    const heading = /^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?$/.exec(line.slice(0, 500));
    if (mark !== undefined && fence === undefined) fence = mark;
    else if (mark !== undefined && fence !== undefined && mark.startsWith(fence)) fence = undefined;
    else if (fence === undefined && heading !== null) {
      found.push({
        heading: heading[2] ?? "",
        slug: slug(heading[2] ?? ""),
        level: heading[1]?.length ?? 1,
        at,
        start: end,
        end: text.length,
      });
    }
    at = end;
  }
  // From the end, where the next heading of each level or above begins is known.
  const next = Array.from({ length: 7 }, () => text.length);
  for (const section of found.toReversed()) {
    section.end = next[section.level] ?? text.length;
    next.fill(section.at, section.level);
  }
  return found;
}

/** The section that `#writer` names, in place of the field that names it. */
export function sectionLeaf(body: Body | undefined, named: Leaf & { value: string }, findings: Finding[]): Tree {
  const wanted = named.value.slice(1).trim();
  const sections = body === undefined ? [] : sectionsOf(body);
  const name = slug(wanted);
  const found = sections.filter((section) => section.slug === name);
  const [section] = found;
  if (body === undefined || section === undefined || found.length > 1) {
    const names = sections.slice(0, 20).map(({ heading }) => heading);
    const message =
      found.length > 1 ? `the body has ${found.length} sections ${wanted}` : `the body has no section ${wanted}`;
    const none = body === undefined ? "Only Markdown files have a body." : `Write "# ${wanted}" into the body.`;
    const hint = names.length === 0 ? none : `Its headings are: ${names.join(", ")}.`;
    findings.push({ code: "unknown_section", at: named.at, field: named.field, message, hint });
    return leafAt(named, " ");
  }
  const leaf = leafOf({ text: body.text, lines: body.lines, field: named.field }, section.start, section.end);
  if (leaf.value !== "") return leaf;
  const message = `the section ${wanted} is empty`;
  findings.push({ code: "empty_prompt", at: leaf.at, field: named.field, message, hint: "Write the prompt below it." });
  return leafAt(named, " ");
}

function slug(heading: string): string {
  return heading
    .toLowerCase()
    .trim()
    .replace(/[\s_-]+/g, "-");
}

function leafOf(
  file: { text: string; lines: Lines; field: string },
  from: number,
  to: number,
): Leaf & { value: string } {
  const raw = file.text.slice(from, to);
  const start = from + (raw.length - raw.trimStart().length);
  const end = to - (raw.length - raw.trimEnd().length);
  const at = file.lines.place(Math.min(start, to));
  const value = file.text.slice(start, Math.max(start, end));
  return { kind: "leaf", value, at, keyAt: at, field: file.field, span: [start, Math.max(start, end)] };
}
