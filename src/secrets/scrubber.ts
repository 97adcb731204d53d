import { formsOf, shortestPattern } from "./encodings.ts";

export interface KnownValue {
  /** What stands in its place, for example `github.TOKEN`. */
  label: string;
  value: string;
}

interface Pattern {
  text: string;
  label: string;
}

const base = 31;
const filterBits = 16;

/**
 * Finds known values in texts, in all their forms. One pass with a rolling hash over the first characters of all
 * patterns, so that the time depends on the length of the text and not on how many secrets there are.
 */
export class Scrubber {
  readonly #filter = new Uint8Array(1 << filterBits);
  /** By their first characters; the longest first. */
  readonly #patterns = new Map<string, Pattern[]>();
  readonly #drop: number;

  constructor(known: readonly KnownValue[]) {
    let drop = 1;
    for (let i = 1; i < shortestPattern; i++) drop = Math.imul(drop, base);
    this.#drop = drop;
    for (const { label, value } of known) for (const text of formsOf(value)) this.#add({ text, label });
    for (const patterns of this.#patterns.values()) patterns.sort((a, b) => b.text.length - a.text.length);
  }

  holds(text: string): boolean {
    return this.#next(text, 0) !== undefined;
  }

  redact(text: string): string {
    let found = this.#next(text, 0);
    if (found === undefined) return text;
    let clean = "";
    let kept = 0;
    while (found !== undefined) {
      const { at, pattern } = found;
      // A value that begins within this one and ends behind it is hidden with it.
      let end = at + pattern.text.length;
      let next = this.#next(text, at + 1, end);
      while (next !== undefined) {
        end = Math.max(end, next.at + next.pattern.text.length);
        next = this.#next(text, next.at + 1, end);
      }
      clean += `${text.slice(kept, at)}[redacted ${pattern.label}]`;
      kept = end;
      found = this.#next(text, end);
    }
    return clean + text.slice(kept);
  }

  #add(pattern: Pattern): void {
    const start = pattern.text.slice(0, shortestPattern);
    const known = this.#patterns.get(start) ?? [];
    if (known.some(({ text }) => text === pattern.text)) return;
    this.#patterns.set(start, [...known, pattern]);
    let hash = 0;
    for (let i = 0; i < shortestPattern; i++) hash = roll(hash, start.charCodeAt(i));
    this.#filter[slot(hash)] = 1;
  }

  /** The first value that begins at `from` or behind it, and before `before`. */
  #next(text: string, from: number, before = text.length): { at: number; pattern: Pattern } | undefined {
    const last = Math.min(before - 1, text.length - shortestPattern);
    if (from > last) return undefined;
    let hash = 0;
    for (let i = from; i < from + shortestPattern; i++) hash = roll(hash, text.charCodeAt(i));
    for (let at = from; ; at++) {
      if (this.#filter[slot(hash)] === 1) {
        const pattern = this.#at(text, at);
        if (pattern !== undefined) return { at, pattern };
      }
      if (at >= last) return undefined;
      hash = roll(hash - Math.imul(text.charCodeAt(at), this.#drop), text.charCodeAt(at + shortestPattern));
    }
  }

  #at(text: string, at: number): Pattern | undefined {
    const candidates = this.#patterns.get(text.slice(at, at + shortestPattern));
    return candidates?.find((pattern) => text.startsWith(pattern.text, at));
  }
}

function roll(hash: number, char: number): number {
  return (Math.imul(hash, base) + char) | 0;
}

function slot(hash: number): number {
  return (hash ^ (hash >>> filterBits)) & ((1 << filterBits) - 1);
}
