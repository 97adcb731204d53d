/** The first two groups of an id tell the millisecond in which it was made. */
const usual = 13;

/** An id in an answer; undefined where the value of a secret stands in the names of the answer's own fields. */
type Id = string | undefined;

/** The beginning by which each of these ids is known among them; it works as an argument. */
export function shortIds(ids: readonly Id[]): (id: Id) => string {
  const all = [...new Set(ids)].filter((id) => id !== undefined);
  return (id = "") => {
    for (let length = usual; length < id.length; length++) {
      const short = id.slice(0, length);
      if (!short.endsWith("-") && all.every((other) => other === id || !other.startsWith(short))) return short;
    }
    return id;
  };
}

export function shortId(id: Id): string {
  return (id ?? "").slice(0, usual);
}
