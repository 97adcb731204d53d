import {
  checkpoint,
  checkpointContext,
  continueAsNew,
  executionId,
  type Flow,
  flow,
  load,
  log,
  save,
  sleep,
  uuid,
  WaitAborted,
  WaitExpired,
  wait,
} from "../../src/index.ts";
import type { Observer } from "./observer.ts";
import type { Program, Step } from "./steps.ts";

/** The one flow that all programs share: it performs the steps that its input lists. */
export function programFlow(observer: Observer): Flow<Program, unknown> {
  const checkpoints = makeCheckpoints(observer);
  const made: Flow<Program, unknown> = flow("program", async (program: Program) => {
    const { saw } = observer.body(executionId(), program.round);
    const results = await performAll({ ...checkpoints, saw, program: made }, program.steps, `${program.round}:`);
    return end(program, results, checkpoints.last);
  });
  return made;
}

async function end(program: Program, results: unknown[], last: () => Promise<unknown>): Promise<unknown> {
  switch (program.end) {
    case "returns":
      return results;
    case "throws":
      throw new Error("as it must");
    case "overdue":
      return wait({ name: "never" });
    case "mended":
      return [...results, await last()];
    case "continues":
      return program.round < 2 ? continueAsNew({ ...program, round: program.round + 1 }) : results;
    default:
      return program.end satisfies never;
  }
}

type Checkpoints = ReturnType<typeof makeCheckpoints>;
type Performer = Checkpoints & { saw(place: string, what: string): void; program: Flow<Program, unknown> };

function makeCheckpoints(observer: Observer) {
  const begin = (...args: number[]) => {
    const { idempotencyKey, attempt } = checkpointContext();
    observer.ran(idempotencyKey, args, attempt);
    return attempt;
  };
  const plain = (name: string) =>
    checkpoint(name, async (arg: number) => {
      begin(arg);
      if (arg % 3 === 0) await delay(arg % 4);
      return `${name}(${arg})`;
    });
  return {
    calls: Object.fromEntries(["c0", "c1", "c2"].map((name) => [name, plain(name)])),
    flaky: checkpoint(
      "flaky",
      async (arg: number, fails: number) => {
        if (begin(arg, fails) <= fails) throw new Error("not yet");
        return `flaky(${arg},${fails})`;
      },
      { retries: { max: 3, backoff: 500 } },
    ),
    caught: checkpoint("caught", async (arg: number) => {
      begin(arg);
      throw new Error(`${arg}`);
    }),
    slow: checkpoint(
      "slow",
      (arg: number) => {
        begin(arg);
        return new Promise<never>(() => {});
      },
      { timeout: 300 },
    ),
    item: checkpoint("item", async (arg: number) => {
      begin(arg);
      if (arg % 2 === 0) await delay(arg % 3);
      return `item(${arg})`;
    }),
    pair: checkpoint("pair", async (left: number, right: number) => {
      begin(left, right);
      return `pair(${left},${right})`;
    }),
    late: checkpoint("late", async (arg: number) => {
      begin(arg);
      await delay(8);
      return `late(${arg})`;
    }),
    fragile: checkpoint("fragile", async (arg: number, failing: number) => {
      begin(arg, failing);
      if (arg === failing) throw new Error(`fragile ${arg}`);
      return `fragile(${arg},${failing})`;
    }),
    last: checkpoint("last", async () => {
      begin();
      if (!observer.isMended(executionId())) throw new Error("still broken");
      return "last()";
    }),
  };
}

/** What was submitted on the way is taken at the end of its block. */
async function performAll(performer: Performer, steps: readonly Step[], place: string): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const [index, step] of steps.entries()) {
    const here = `${place}/${index}`;
    const result = await perform(performer, step, here);
    if (!(result instanceof Later)) performer.saw(here, step.op === "value" ? "" : String(JSON.stringify(result)));
    results.push(result);
  }
  for (const [index, result] of results.entries()) if (result instanceof Later) results[index] = await result.promise();
  return results;
}

/** A result that the block takes when its steps are done. */
class Later {
  readonly promise: () => Promise<unknown>;

  constructor(promise: () => Promise<unknown>) {
    this.promise = promise;
  }
}

async function perform(performer: Performer, step: Step, place: string): Promise<unknown> {
  switch (step.op) {
    case "call":
      return performer.calls[step.name]?.(step.arg);
    case "flaky":
      return performer.flaky(step.arg, step.fails);
    case "caught":
      return performer.caught(step.arg).catch(causeOf);
    case "slow":
      return performer
        .slow(step.arg)
        .catch((error: Error) => (error.cause instanceof Error ? error.cause.name : error));
    case "submit": {
      const submitted = performer.calls[step.name]?.submit(step.arg);
      return step.taken ? new Later(async () => submitted?.result()) : "submitted";
    }
    case "map":
      return performer.item.map(step.args, { concurrency: step.concurrency });
    case "product":
      return performer.pair.product(step.lefts, step.rights, { concurrency: step.concurrency });
    case "broken map":
      return brokenMap(performer, step);
    case "sleep":
      return sleep(step.ms);
    case "foreign":
      return delay(2);
    case "crossing":
      return crossing(performer, step);
    case "value":
      return void performer.saw(`${place} value`, uuid());
    case "save":
      await save(step.name, { arg: step.arg });
      return load(executionId(), step.name);
    case "log":
      return log({ [`l${step.arg}`]: step.arg });
    case "wait":
    case "deadline":
    case "abort":
      return ask(step);
    case "child": {
      const handle = await performer.program.run({ steps: step.steps, end: "returns", round: 0 });
      return step.taken ? handle.result() : new Later(() => handle.result());
    }
    default:
      return compound(performer, step, place);
  }
}

async function compound(
  performer: Performer,
  step: Extract<Step, { op: "tried" | "all" | "race" | "loop" }>,
  place: string,
): Promise<unknown> {
  switch (step.op) {
    case "tried":
      try {
        await performAll(performer, step.body, place);
        throw new Error(`thrown ${step.arg}`);
      } catch (error) {
        return String(error);
      }
    case "all":
      return Promise.all(step.branches.map((branch, i) => performAll(performer, branch, `${place}.${i}`)));
    case "race": {
      const branches = step.branches.map((branch, i) => performAll(performer, branch, `${place}.${i}`).then(() => i));
      performer.saw(`${place} winner`, String(await Promise.race(branches)));
      return "race";
    }
    case "loop": {
      const results: unknown[] = [];
      for (let i = 0; i < step.times; i++) results.push(await performAll(performer, step.body, `${place}*${i}`));
      return results;
    }
    default:
      return step satisfies never;
  }
}

/** Two calls of one checkpoint, of which the second is the first one to come once what is before it is on the record. */
function crossing({ calls, late }: Performer, { name, args }: Extract<Step, { op: "crossing" }>): Promise<unknown> {
  const [first, second, before] = args;
  return Promise.all([delay(4).then(() => calls[name]?.(first)), late(before).then(() => calls[name]?.(second))]);
}

function brokenMap({ fragile }: Performer, { args, failing }: Extract<Step, { op: "broken map" }>): Promise<unknown> {
  return fragile.product(args, [args[failing % args.length] ?? 0], { concurrency: 1 }).catch(causeOf);
}

function ask(step: Extract<Step, { op: "wait" | "deadline" | "abort" }>): Promise<unknown> {
  const { name } = step;
  switch (step.op) {
    case "wait":
      return wait({ name, ...(step.expires && { timeout: 1 }) }).catch(nameOf);
    case "deadline":
      return wait({ name, timeout: "1h", ...(step.hasDefault && { onTimeout: { value: "default" } }) }).catch(nameOf);
    case "abort":
      return wait({ name }).catch(nameOf);
    default:
      return step satisfies never;
  }
}

function nameOf(error: unknown): string {
  if (error instanceof WaitExpired) return "expired";
  if (error instanceof WaitAborted) return "aborted";
  throw error;
}

function causeOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : String(error);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
