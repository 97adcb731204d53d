import type { LoopStep } from "../../definitions/model/steps.ts";
import { evaluateCondition } from "../../definitions/values/conditions.ts";
import { StepFailed } from "../../flows/errors.ts";
import { forEachItem } from "../../flows/fan-out.ts";
import { log } from "../../flows/log.ts";
import { inBranch, placeIn, requireScope } from "../../flows/scope.ts";
import { Halt } from "../halt.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";
import { fillIn } from "../values.ts";
import type { Walk } from "../walk.ts";

/** Repeats its steps: for each item, several at a time where it says so, or while a condition holds. */
export async function loopStep(run: StepRun<LoopStep>): Promise<StepOutcome> {
  return { output: run.step.while === undefined ? await forItems(run) : await whileHolds(run) };
}

function forItems(run: StepRun<LoopStep>): Promise<unknown[]> {
  const { step } = run;
  const items = itemsOf(run);
  const outer = run.walk([]).halt;
  const halt = new Halt(outer);
  const pass = async (item: unknown, index: number) => {
    const locals = { [step.item_variable]: item, loop_index: index, loop_count: items.length };
    try {
      return await onePass(run, { ...run.walk(step.steps, locals), halt }, index);
    } catch (error) {
      halt.stop();
      throw error;
    }
  };
  // Recorded outcomes are taken in the order of the passes.
  const concurrency = run.ports.fixtures === undefined ? step.concurrency : 1;
  return forEachItem(items, { concurrency }, pass);
}

/** @throws StepFailed */
function itemsOf({ step, value }: StepRun<LoopStep>): readonly unknown[] {
  const items = value(step.items) ?? [];
  if (!Array.isArray(items)) {
    throw new StepFailed(
      step.id,
      `items must be a list; it is ${typeof items === "object" ? "an object" : typeof items}`,
      {
        code: "not_a_list",
        hint: 'Name a list, for example items: "$.search.results".',
      },
    );
  }
  const { max_iterations: most } = step;
  if (most === undefined || items.length <= most) return items;
  throw new StepFailed(step.id, `there are ${items.length} items, and max_iterations is ${most}`, {
    code: "too_many_items",
    hint: "Raise max_iterations, or make the list shorter before the loop.",
  });
}

/** The condition sees what the steps of the last pass came to. */
async function whileHolds(run: StepRun<LoopStep>): Promise<unknown[]> {
  const { step } = run;
  const { while: test = "", max_iterations: most = 1 } = step;
  const results: unknown[] = [];
  let walk = run.walk(step.steps, { loop_index: 0 });
  while (evaluateCondition(test, walk.scope)) {
    if (results.length === most) {
      const { path } = requireScope("a loop");
      log({ [placeIn(path, step.id)]: `ended after max_iterations (${most}) although its condition still holds` });
      break;
    }
    results.push(await onePass(run, walk, results.length));
    walk = { ...walk, scope: { ...walk.scope, locals: { ...walk.scope.locals, loop_index: results.length } } };
  }
  return results;
}

/** Each pass stands in a scope of its own, `pages[3]`, so that passes may run at the same time. */
function onePass({ step, runList }: StepRun<LoopStep>, walk: Walk, index: number): Promise<unknown> {
  return inBranch(`${step.id}[${index}]`, async () => {
    const { last } = await runList(walk);
    return step.collect === undefined ? last : fillIn(step.collect, walk.scope);
  });
}
