/** A text without what programs put between the characters of a value: blanks, line breaks, colours. */
export interface Reduced {
  readonly text: string;
  /** Where a character of the reduced text stood in the original. */
  originOf(at: number): number;
}

/** Colours of terminals and white space, also as JSON spells them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
const gaps = /(?:\x1b|\\u001b)\[[0-9;:?]*[ -/]*[@-~]|\\[nrt]|\s+/gi;

export function reduce(text: string): Reduced {
  if (text.search(gaps) < 0) return { text, originOf: (at) => at };
  const parts: string[] = [];
  /** Where each part begins, in the reduced text and in the original. */
  const starts: { at: number; origin: number }[] = [];
  let length = 0;
  let origin = 0;
  const take = (end: number) => {
    if (end <= origin) return;
    parts.push(text.slice(origin, end));
    starts.push({ at: length, origin });
    length += end - origin;
  };
  for (const gap of text.matchAll(gaps)) {
    take(gap.index);
    origin = gap.index + gap[0].length;
  }
  take(text.length);
  return { text: parts.join(""), originOf: (at) => originIn(starts, at) };
}

function originIn(starts: readonly { at: number; origin: number }[], at: number): number {
  let from = 0;
  let to = starts.length;
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if ((starts[middle]?.at ?? 0) <= at) from = middle;
    else to = middle;
  }
  const { at: start, origin } = starts[from] ?? { at: 0, origin: 0 };
  return origin + (at - start);
}
