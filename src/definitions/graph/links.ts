/** What of a step says where the work goes on. */
export interface Linked {
  id: string;
  type?: string | undefined;
  when?: unknown;
  depends_on?: string[] | undefined;
  next_step?: string | undefined;
  then_step?: string | undefined;
  else_step?: string | undefined;
  options?: { id: string; next_step?: string | undefined }[] | undefined;
  on_timeout?: string | undefined;
}

/** What a step jumps to that ends its list, where no step is called so. */
export const endOfList = "end";

/** The steps that a step may jump to. A step that is skipped does not jump. */
export function jumpsOf(step: Linked): string[] {
  const branches = step.type === "condition" ? [step.then_step, step.else_step] : [];
  const options = step.type === "human" ? (step.options ?? []).map(({ next_step }) => next_step) : [];
  return [...branches, ...options, step.next_step].filter((target) => target !== undefined);
}

/** Whether the step that follows in the list may be the next one. */
export function fallsThrough(step: Linked): boolean {
  if (step.when !== undefined) return true;
  if (step.next_step !== undefined) return false;
  if (step.type === "condition") return step.then_step === undefined || step.else_step === undefined;
  if (step.type !== "human" || step.options === undefined || step.options.length === 0) return true;
  const goesOn = step.on_timeout === "continue" || step.on_timeout === "skip";
  return goesOn || step.options.some(({ next_step }) => next_step === undefined);
}

/** Whether a list runs as a graph: one of its steps says what it depends on. */
export function isGraph(steps: readonly Linked[]): boolean {
  return steps.some(({ depends_on }) => depends_on !== undefined);
}

/** For each step of a list, by position, the positions that may come right after it. */
export function successors(steps: readonly Linked[], isParallel: boolean): number[][] {
  const positions = new Map(steps.map(({ id }, index) => [id, index]));
  const next: number[][] = steps.map(() => []);
  if (isParallel || isGraph(steps)) {
    for (const [index, { depends_on = [] }] of steps.entries()) {
      for (const id of depends_on) next[positions.get(id) ?? -1]?.push(index);
    }
    return next;
  }
  for (const [index, step] of steps.entries()) {
    const targets = jumpsOf(step).flatMap((id) => positions.get(id) ?? []);
    next[index] = fallsThrough(step) && index + 1 < steps.length ? [...targets, index + 1] : targets;
  }
  return next;
}

/** The positions that can be reached from some, themselves included only where a way leads back to them. */
export function reachable(next: readonly number[][], from: readonly number[]): Set<number> {
  const found = new Set<number>();
  const open = from.flatMap((index) => next[index] ?? []);
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (found.has(index)) continue;
    found.add(index);
    open.push(...(next[index] ?? []));
  }
  return found;
}

/** The same ways backwards. */
export function reversed(next: readonly number[][]): number[][] {
  const back: number[][] = next.map(() => []);
  for (const [from, targets] of next.entries()) {
    for (const to of targets) back[to]?.push(from);
  }
  return back;
}
