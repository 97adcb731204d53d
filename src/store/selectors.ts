import type { JournalEntry } from "./journal.ts";

/** The part of an entry that names it. */
export type Named = Pick<JournalEntry, "ordinal" | "kind" | "scope" | "name" | "occurrence">;

/**
 * How people name each entry: by its name where that is unique among the entries of its kind, else by name and number
 * (`fetch#2`), with the scope in front where there is one (`pages[3]/fetch#2`, and `fetch[3]` for an item of its own map).
 */
export function selectorsOf(entries: readonly Named[]): Map<number, string> {
  const byName = count(entries, ({ kind, name }) => `${kind}\n${name}`);
  const byScope = count(entries, ({ kind, scope, name }) => `${kind}\n${scope}\n${name}`);
  return new Map(
    entries.map((entry) => {
      const { kind, scope, name, occurrence, ordinal } = entry;
      if (byName.get(`${kind}\n${name}`) === 1) return [ordinal, name];
      const place = placeOf(entry);
      const alone = scope !== "" && byScope.get(`${kind}\n${scope}\n${name}`) === 1;
      return [ordinal, alone ? place : `${place}#${occurrence}`];
    }),
  );
}

/** Where the entry stands and what it is called, without its number. */
export function placeOf({ scope, name }: Pick<Named, "scope" | "name">): string {
  if (scope === "") return name;
  return scope.slice(scope.lastIndexOf("/") + 1).startsWith(`${name}[`) ? scope : `${scope}/${name}`;
}

/** The id of an entry, unique everywhere. */
export function entryId(executionId: string, ordinal: number): string {
  return `${executionId}:${ordinal}`;
}

function count<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
