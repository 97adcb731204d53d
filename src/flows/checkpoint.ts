import { readAttempts } from "./attempts.ts";
import { MisuseError } from "./errors.ts";
import { checkFanOut, combinations, type FanOutOptions, forEachItem } from "./fan-out.ts";
import { readGuardrails } from "./guardrails.ts";
import { checkOptions, checkText, isOptions } from "./option-checks.ts";
import { type CheckpointOptions, checkCache } from "./options.ts";
import type { CheckpointCall, RunningCheckpoint } from "./runtime.ts";
import { placeIn, requireFlowScope, requireName, requireScope } from "./scope.ts";

/** A call that goes on while the flow does. */
export interface Submitted<Result> {
  /** @throws CheckpointFailed when every attempt failed */
  result(): Promise<Result>;
}

/** A function whose result is recorded: within an execution a call that completed never runs again. */
export interface Checkpoint<Args extends unknown[], Result> {
  (...args: Args): Promise<Result>;
  readonly checkpointName: string;
  /**
   * Calls it and goes on without waiting. The flow ends only when it has ended; a failure that nobody took with
   * `result()` then fails the flow.
   */
  submit(...args: Args): Submitted<Result>;
  /** Calls it once for each item, several at a time, and answers the results in the order of the items. */
  map(items: readonly Args[0][], options?: FanOutOptions): Promise<Result[]>;
  /** Calls it once for each combination of the lists' items; results come with the last list changing fastest. */
  product(...lists: ListsOf<Args>): Promise<Result[]>;
  product(...listsAndOptions: [...ListsOf<Args>, FanOutOptions]): Promise<Result[]>;
}

type ListsOf<Args extends unknown[]> = { [Place in keyof Args]: readonly Args[Place][] };

const declaredKey = Symbol.for("savepoint.declaredCheckpoints");

/**
 * Makes a named unit of work durable.
 *
 * Arguments and result are recorded as JSON plus Date, Map, Set, bigint, Uint8Array and undefined. The body runs at
 * least once; when its process dies before the result is recorded, it runs again.
 *
 * @example
 * const draft = checkpoint("draft", async (topic: string) => `Draft for ${topic}`, { retries: 2 });
 * const text = await draft("tea");
 * @throws CheckpointFailed (from the call) when every attempt failed
 */
export function checkpoint<Args extends unknown[], Result>(
  name: string,
  fn: (...args: Args) => Result | Promise<Result>,
  options: CheckpointOptions = {},
): Checkpoint<Args, Awaited<Result>> {
  requireName("checkpoint", name);
  if (typeof fn !== "function") throw new MisuseError(`checkpoint ${name}: the second argument must be a function`);
  checkCheckpointOptions(`checkpoint ${name}`, options);
  declare(name);
  const scopeFor = (how: string) => {
    const instead = "a checkpoint cannot call another; call both from the flow, or make one a plain function";
    return requireFlowScope(`checkpoint ${name}${how}`, instead);
  };
  const callOf = (path: string, own: string, args: unknown[]): CheckpointCall => ({
    name,
    scope: placeIn(path, own),
    args,
    fn: fn as (...args: never[]) => unknown,
    options,
  });
  /** Each has a scope of its own, `name[3]`, so that its place among the items names it, whichever began first. */
  const callAt = (how: string, place: number[], args: unknown[]) => {
    const { runtime, path } = scopeFor(how);
    return runtime.checkpoint(callOf(path, `${name}[${place.join()}]`, args)) as Promise<Awaited<Result>>;
  };
  const call = (...args: Args) => {
    const { runtime, path } = scopeFor("");
    return runtime.checkpoint(callOf(path, "", args)) as Promise<Awaited<Result>>;
  };
  return Object.assign(call, {
    checkpointName: name,
    submit(...args: Args) {
      const { runtime, path } = scopeFor(".submit()");
      return runtime.submit(callOf(path, "", args)) as Submitted<Awaited<Result>>;
    },
    async map(items: readonly Args[0][], fanOut: FanOutOptions = {}) {
      checkFanOut(`checkpoint ${name}.map()`, [items], fanOut);
      return forEachItem(items, fanOut, (item, index) => callAt(".map()", [index], [item]));
    },
    async product(...listsAndOptions: unknown[]) {
      const last = listsAndOptions.at(-1);
      const hasOptions = isOptions(last);
      const lists = (hasOptions ? listsAndOptions.slice(0, -1) : listsAndOptions) as unknown[][];
      const fanOut: FanOutOptions = hasOptions ? last : {};
      checkFanOut(`checkpoint ${name}.product()`, lists, fanOut);
      return forEachItem(combinations(lists), fanOut, ({ items, place }) => callAt(".product()", place, items));
    },
  });
}

/** The attempt, signal and idempotency key of the checkpoint that is running. @throws MisuseError outside one */
export function checkpointContext(): RunningCheckpoint {
  const { checkpoint: running } = requireScope("checkpointContext()");
  if (running === undefined) throw new MisuseError("checkpointContext() was called outside a checkpoint's body");
  return running;
}

/** Checked where it is declared, so that a mistake shows when the file is loaded and not in the middle of a run. */
function checkCheckpointOptions(what: string, options: CheckpointOptions): void {
  checkOptions<CheckpointOptions>(what, options, ["retries", "timeout", "cache", "type", "guardrails"]);
  readAttempts(what, options);
  checkCache(what, options.cache);
  checkText(`${what}: type`, options.type, 100);
  readGuardrails(what, options.guardrails);
}

/** Whoever describes a module reads the names of its checkpoints here. */
function declare(name: string): void {
  const shared = globalThis as unknown as Record<symbol, string[] | undefined>;
  shared[declaredKey] ??= [];
  if (!shared[declaredKey].includes(name)) shared[declaredKey].push(name);
}
