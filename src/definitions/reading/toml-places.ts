/** Offsets of a value in TOML: of its key or table header, and of its end. */
export interface TomlSpan {
  start: number;
  end: number;
}

type Path = (string | number)[];

/** What lies deeper is refused later on; its place would take its time. */
const longestPath = 100;

/** The path of a value as a key of the map that `tomlSpans` makes. */
export function tomlPathKey(path: readonly (string | number)[]): string {
  return JSON.stringify(path);
}

/** Where each key and table of a TOML text stands. The text must be valid: what it means was read by the parser. */
export function tomlSpans(text: string): Map<string, TomlSpan> {
  const spans = new Map<string, TomlSpan>();
  const counts = new Map<string, number>();
  let table: Path = [];
  for (let at = nextStatement(text, 0); at < text.length; at = nextStatement(text, at)) {
    const isHeader = text[at] === "[";
    const isList = text.startsWith("[[", at);
    const { keys, end } = readKeys(text, at + (isList ? 2 : isHeader ? 1 : 0));
    if (isHeader) {
      table = resolveTable(keys, isList, counts);
      const close = endOfLine(text, end);
      note(spans, table, 0, { start: at, end: close });
      at = close;
      continue;
    }
    const close = endOfValue(text, end);
    note(spans, [...table, ...keys], table.length, { start: at, end: close });
    at = Math.max(close, at + 1);
  }
  return spans;
}

/** A dotted key and a header make the tables on the way as well; each stands where it is first named. */
function note(spans: Map<string, TomlSpan>, path: Path, from: number, span: TomlSpan): void {
  for (let length = from + 1; length <= path.length; length++) {
    const key = tomlPathKey(path.slice(0, length));
    if (!spans.has(key)) spans.set(key, span);
  }
}

function resolveTable(keys: string[], isList: boolean, counts: Map<string, number>): Path {
  const path: Path = [];
  for (const [depth, key] of keys.entries()) {
    path.push(key);
    const name = tomlPathKey(path);
    const isLast = depth === keys.length - 1;
    if (isLast && isList) counts.set(name, (counts.get(name) ?? 0) + 1);
    const count = counts.get(name);
    if (count !== undefined) path.push(count - 1);
  }
  return path;
}

function nextStatement(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    if (text[at] === "#") at = endOfLine(text, at);
    else if (/\s/.test(text[at] ?? "")) at += 1;
    else return at;
  }
  return at;
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf("\n", from);
  return at < 0 ? text.length : at;
}

function readKeys(text: string, from: number): { keys: string[]; end: number } {
  const key = /[ \t]*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([\w-]+))[ \t]*(\.?)/y;
  const keys: string[] = [];
  let end = from;
  for (;;) {
    key.lastIndex = end;
    const match = key.exec(text);
    if (match === null) return { keys, end };
    end = key.lastIndex;
    keys.push(match[1] === undefined ? (match[2] ?? match[3] ?? "") : unescaped(match[1]));
    if (match[4] !== "." || keys.length > longestPath) return { keys, end };
  }
}

function unescaped(text: string): string {
  return text
    .replace(/\\u([\da-f]{4})|\\U([\da-f]{8})/gi, (_, short?: string, long?: string) =>
      String.fromCodePoint(Number.parseInt(short ?? long ?? "0", 16)),
    )
    .replace(/\\(["\\])/g, "$1");
}

/** Where a value ends: at the end of a line that is in no bracket and no text. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const sign = text[at];
    if (sign === '"' || sign === "'") at = endOfText(text, at) - 1;
    else if (sign === "#") at = endOfLine(text, at) - 1;
    else if (sign === "[" || sign === "{") depth += 1;
    else if (sign === "]" || sign === "}") depth -= 1;
    else if (sign === "\n" && depth <= 0) return at;
  }
  return text.length;
}

function endOfText(text: string, from: number): number {
  const quote = text[from] ?? '"';
  const isLong = text.startsWith(quote.repeat(3), from);
  const fence = isLong ? quote.repeat(3) : quote;
  for (let at = from + fence.length; at < text.length; at++) {
    if (text[at] === "\\" && quote === '"') at += 1;
    else if (text.startsWith(fence, at)) {
      let end = at + fence.length;
      while (isLong && text[end] === quote) end += 1;
      return end;
    }
  }
  return text.length;
}
