import { randomUUID } from "node:crypto";
import { requireScope } from "./scope.ts";

/** The time, in milliseconds since the epoch. In the flow body it is recorded: a re-run sees the same one. */
export function now(): number {
  return recorded("now", Date.now);
}

/** A number from 0 to below 1; recorded in the flow body. */
export function random(): number {
  return recorded("random", Math.random);
}

/** A random UUID; recorded in the flow body. */
export function uuid(): string {
  return recorded("uuid", randomUUID);
}

/** The id of the execution that is running. */
export function executionId(): string {
  return requireScope("executionId()").runtime.executionId;
}

/** Whether this execution is a replay of another: guard effects that must not happen twice. */
export function isReplay(): boolean {
  return requireScope("isReplay()").runtime.isReplay;
}

/** Inside a checkpoint the value is part of what is computed once, so it needs no record of its own. */
function recorded<T>(name: "now" | "random" | "uuid", make: () => T): T {
  const { runtime, checkpoint, path } = requireScope(`${name}()`);
  return checkpoint === undefined ? runtime.value(name, make, path) : make();
}
