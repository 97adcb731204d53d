import { endOfList, isGraph } from "../definitions/graph/links.ts";
import type { Step } from "../definitions/model/steps.ts";
import { StepFailed } from "../flows/errors.ts";
import { Halt } from "./halt.ts";
import { skipStep } from "./records.ts";
import { runStep } from "./run-step.ts";
import type { ListEnd, ListOptions, Walk } from "./walk.ts";

/** Runs a list of steps: one after the other with jumps, or as a graph of what depends on what. */
export function runList(walk: Walk, options: ListOptions = {}): Promise<ListEnd> {
  return options.isParallel === true || isGraph(walk.steps) ? runGraph(walk, options) : runSequence(walk);
}

async function runSequence(walk: Walk): Promise<ListEnd> {
  const { steps } = walk;
  const visits = new Map<string, number>();
  let last: unknown = null;
  for (let index = 0; index < steps.length; ) {
    const step = steps[index];
    if (step === undefined) break;
    walk.halt?.check(step.id);
    const end = await runStep(step, walk);
    if (!end.isSkipped) last = end.output;
    if (end.jump === undefined) index++;
    else index = visit(end.jump, steps, visits);
  }
  return { last };
}

/** Where a jump leads. @throws StepFailed when it has led there too often */
function visit(target: string, steps: readonly Step[], visits: Map<string, number>): number {
  const index = steps.findIndex(({ id }) => id === target);
  const step = steps[index];
  if (step === undefined && target === endOfList) return steps.length;
  if (step === undefined) throw new StepFailed(target, "there is no such step to jump to", { code: "unknown_step" });
  const count = (visits.get(target) ?? 0) + 1;
  visits.set(target, count);
  if (count <= step.max_visits) return index;
  throw new StepFailed(target, `jumps led here more than ${step.max_visits} times`, {
    code: "too_many_visits",
    hint: "Raise max_visits of the step, or make what leads back to it end sooner.",
  });
}

/**
 * Each step begins when all that it depends on has ended. After a failure nothing begins, what runs is awaited, and what
 * waits is left.
 */
async function runGraph(around: Walk, { concurrency, keepsGoing = false }: ListOptions): Promise<ListEnd> {
  const halt = new Halt(around.halt);
  const walk = { ...around, halt };
  const limit = limiter(concurrency ?? Number.POSITIVE_INFINITY);
  const ended = new Map<string, Promise<boolean>>();
  const outputs = new Map<string, unknown>();
  const failures: unknown[] = [];
  const one = async (step: Step, before: readonly Promise<boolean>[]): Promise<boolean> => {
    const areThere = await Promise.all(before);
    return limit(async () => {
      if (halt.isOver) return false;
      if (areThere.includes(false)) {
        await skipStep(step, walk, "a step that it depends on failed");
        return false;
      }
      try {
        const end = await runStep(step, walk);
        if (!end.isSkipped) outputs.set(step.id, end.output);
        return true;
      } catch (error) {
        failures.push(error);
        if (!keepsGoing) halt.stop();
        return false;
      }
    });
  };
  for (const step of inOrder(walk.steps)) {
    const before = (step.depends_on ?? []).flatMap((id) => ended.get(id) ?? []);
    ended.set(step.id, one(step, before));
  }
  await Promise.all(ended.values());
  if (failures.length > 0 && !keepsGoing) throw failures[0];
  around.halt?.check(walk.steps[0]?.id ?? "");
  const lastId = walk.steps.findLast(({ id }) => outputs.has(id))?.id;
  return { last: lastId === undefined ? null : outputs.get(lastId) };
}

/** What others depend on comes first. */
function inOrder(steps: readonly Step[]): Step[] {
  const placed = new Set<string>();
  const ordered: Step[] = [];
  const place = (step: Step) => {
    if (placed.has(step.id)) return;
    placed.add(step.id);
    for (const id of step.depends_on ?? []) {
      const other = steps.find((one) => one.id === id);
      if (other !== undefined) place(other);
    }
    ordered.push(step);
  };
  for (const step of steps) place(step);
  return ordered;
}

/** So many at a time, in the order in which they were asked for. */
function limiter(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await work();
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}
