import { isGraph, type Linked } from "./links.ts";

/** How the steps of a list follow each other. */
export type ListOrder =
  /** One after the other, and by jumps. */
  | { kind: "sequence" }
  /** Each as soon as all that it depends on has ended. */
  | { kind: "graph"; levels: string[][]; criticalPath: string[] };

/**
 * The order of a list of steps. That of a `parallel` step is a graph in any case. What is on a cycle, which validation
 * refuses, is in no level.
 */
export function orderOf(steps: readonly Linked[], isParallel = false): ListOrder {
  if (!isParallel && !isGraph(steps)) return { kind: "sequence" };
  const waiting = new Map(steps.map((step) => [step.id, step]));
  const done = new Map<string, { depth: number; path: string[] }>();
  const levels: string[][] = [];
  while (waiting.size > 0) {
    const level = [...waiting.values()].filter(({ depends_on = [] }) => depends_on.every((id) => !waiting.has(id)));
    if (level.length === 0) break;
    for (const { id, depends_on = [] } of level) {
      waiting.delete(id);
      const before = depends_on.flatMap((one) => done.get(one) ?? []).sort((a, b) => b.depth - a.depth)[0];
      done.set(id, { depth: levels.length, path: [...(before?.path ?? []), id] });
    }
    levels.push(level.map(({ id }) => id));
  }
  const criticalPath = [...done.values()].sort((a, b) => b.path.length - a.path.length)[0]?.path ?? [];
  return { kind: "graph", levels, criticalPath };
}

/** A way along `depends_on` that comes back to where it began, the first step repeated; undefined where there is none. */
export function findCycle(steps: readonly Linked[]): string[] | undefined {
  const byId = new Map(steps.map((step) => [step.id, step.depends_on ?? []]));
  const finished = new Set<string>();
  for (const { id } of steps) {
    const cycle = cycleFrom(id, byId, finished);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function cycleFrom(start: string, byId: Map<string, string[]>, finished: Set<string>): string[] | undefined {
  const way: { id: string; left: string[] }[] = [{ id: start, left: [...(byId.get(start) ?? [])] }];
  const onWay = new Set([start]);
  for (let at = way.at(-1); at !== undefined; at = way.at(-1)) {
    const next = at.left.shift();
    if (next === undefined) {
      finished.add(at.id);
      onWay.delete(at.id);
      way.pop();
    } else if (onWay.has(next)) {
      const ids = way.map(({ id }) => id);
      return [...ids.slice(ids.indexOf(next)), next].reverse();
    } else if (byId.has(next) && !finished.has(next)) {
      way.push({ id: next, left: [...(byId.get(next) ?? [])] });
      onWay.add(next);
    }
  }
  return undefined;
}
