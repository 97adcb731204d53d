import { MisuseError } from "./errors.ts";
import type { CheckpointOptions } from "./options.ts";
import type { RunningCheckpoint } from "./runtime.ts";
import { requireFlowScope, requireName, requireScope } from "./scope.ts";

/** A function whose result is recorded: within an execution a call that completed never runs again. */
export type Checkpoint<Args extends unknown[], Result> = ((...args: Args) => Promise<Result>) & {
  readonly checkpointName: string;
};

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
  const known = ["retries", "timeout", "type"];
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new MisuseError(`checkpoint ${name}: the option ${JSON.stringify(unknown)} is unknown (${known.join(", ")})`);
  }
  declare(name);
  const call = (...args: Args) => {
    const instead = "a checkpoint cannot call another; call both from the flow, or make one a plain function";
    const runtime = requireFlowScope(`checkpoint ${name}`, instead);
    return runtime.checkpoint({ name, args, fn: fn as (...args: never[]) => unknown, options }) as Promise<
      Awaited<Result>
    >;
  };
  return Object.assign(call, { checkpointName: name });
}

/** The attempt, signal and idempotency key of the checkpoint that is running. @throws MisuseError outside one */
export function checkpointContext(): RunningCheckpoint {
  const { checkpoint: running } = requireScope("checkpointContext()");
  if (running === undefined) throw new MisuseError("checkpointContext() was called outside a checkpoint's body");
  return running;
}

/** Whoever describes a module reads the names of its checkpoints here. */
function declare(name: string): void {
  const shared = globalThis as unknown as Record<symbol, string[] | undefined>;
  shared[declaredKey] ??= [];
  if (!shared[declaredKey].includes(name)) shared[declaredKey].push(name);
}
