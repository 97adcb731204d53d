/** The names nearest to a mistyped one, nearest first; empty when none is near. */
export function nearest(wanted: string, names: Iterable<string>, most = 3): string[] {
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  const needle = wanted.slice(0, 200).toLowerCase();
  return [...new Set(names)]
    .map((name) => ({ name, distance: distanceBetween(needle, name.slice(0, 200).toLowerCase()) }))
    .filter(({ name, distance }) => distance <= limit || contains(needle, name.toLowerCase()))
    .sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
    .slice(0, most)
    .map(({ name }) => name);
}

/** `Did you mean "draft"?`, or undefined when nothing is near. */
export function didYouMean(wanted: string, names: Iterable<string>): string | undefined {
  const near = nearest(wanted, names);
  return near.length === 0 ? undefined : `Did you mean ${near.map((name) => JSON.stringify(name)).join(" or ")}?`;
}

function contains(needle: string, name: string): boolean {
  return needle.length >= 3 && (name.includes(needle) || needle.includes(name)) && name.length > 0;
}

/** Edits (insert, delete, replace, swap of neighbours) from one word to the other. */
function distanceBetween(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforePrevious[j - 2] ?? 0) + 1);
      }
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
