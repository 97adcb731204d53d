import { formsOf, shortestPattern } from "./encodings.ts";
import { type Reduced, reduce } from "./reduced-text.ts";

export interface KnownValue {
  /** What stands in its place, for example `github.TOKEN`. */
  label: string;
  value: string;
}

interface Pattern {
  text: string;
  label: string;
}

interface Found {
  at: number;
  end: number;
  label: string;
}

const base = 31;
const filterBits = 16;

/**
 * Finds known values in texts, in all their forms, whatever blanks, line breaks and colours stand between their
 * characters. One pass with a rolling hash over the first characters of all patterns, so that the time depends on the
 * length of the text and not on how many secrets there are.
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
    for (const { label, value } of known) {
      for (const form of formsOf(value)) this.#add({ text: reduce(form).text, label });
    }
    for (const patterns of this.#patterns.values()) patterns.sort((a, b) => b.text.length - a.text.length);
  }

  holds(text: string): boolean {
    return this.#next(reduce(text).text, 0) !== undefined;
  }

  /** Of all the values that stand in the text, one within another as well. */
  labelsIn(text: string): Set<string> {
    return new Set([...this.#matches(reduce(text).text)].map(({ label }) => label));
  }

  redact(text: string): string {
    const reduced = reduce(text);
    const found = this.#all(reduced);
    if (found.length === 0) return text;
    let clean = "";
    let kept = 0;
    for (const { at, end, label } of found) {
      clean += `${text.slice(kept, reduced.originOf(at))}[redacted ${label}]`;
      kept = reduced.originOf(end - 1) + 1;
    }
    return clean + text.slice(kept);
  }

  /** A value that begins within another and ends behind it is one with it. */
  #all({ text }: Reduced): Found[] {
    const all: Found[] = [];
    for (const next of this.#matches(text)) {
      const last = all.at(-1);
      if (last !== undefined && next.at < last.end) last.end = Math.max(last.end, next.end);
      else all.push(next);
    }
    return all;
  }

  *#matches(text: string): Generator<Found> {
    let next = this.#next(text, 0);
    while (next !== undefined) {
      yield next;
      next = this.#next(text, next.at + 1);
    }
  }

  #add(pattern: Pattern): void {
    if (pattern.text.length < shortestPattern) return;
    const start = pattern.text.slice(0, shortestPattern);
    const known = this.#patterns.get(start) ?? [];
    if (known.some(({ text }) => text === pattern.text)) return;
    this.#patterns.set(start, [...known, pattern]);
    let hash = 0;
    for (let i = 0; i < shortestPattern; i++) hash = roll(hash, start.charCodeAt(i));
    this.#filter[slot(hash)] = 1;
  }

  /** The first value that begins at `from` or behind it. */
  #next(text: string, from: number): Found | undefined {
    const last = text.length - shortestPattern;
    if (from > last) return undefined;
    let hash = 0;
    for (let i = from; i < from + shortestPattern; i++) hash = roll(hash, text.charCodeAt(i));
    for (let at = from; ; at++) {
      const pattern = this.#filter[slot(hash)] === 1 ? this.#at(text, at) : undefined;
      if (pattern !== undefined) return { at, end: at + pattern.text.length, label: pattern.label };
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
