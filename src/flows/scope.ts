import { MisuseError } from "./errors.ts";
import { type Scope, scopeStorage } from "./runtime.ts";

/** The scope of the caller. @throws MisuseError outside an execution */
export function requireScope(primitive: string): Scope {
  const scope = scopeStorage.getStore();
  if (scope === undefined) {
    throw new MisuseError(
      `${primitive} was called outside an execution: call it from a flow that was started with .run()`,
    );
  }
  return scope;
}

/** Where calls stand that are made within a branch of the flow body. */
export function placeIn(path: string, own: string): string {
  return path === "" || own === "" ? path + own : `${path}/${own}`;
}

/**
 * Runs a branch of the flow body whose calls have a scope of their own, so that their order among those of other
 * branches does not matter.
 */
export function inBranch<T>(name: string, run: () => Promise<T>): Promise<T> {
  const scope = requireScope("a branch");
  return scopeStorage.run({ ...scope, path: placeIn(scope.path, name) }, run);
}

/** For what only the flow body may do. @throws MisuseError inside a checkpoint */
export function requireFlowScope(primitive: string, instead: string): Scope {
  const scope = requireScope(primitive);
  if (scope.checkpoint !== undefined) {
    throw new MisuseError(`${primitive} was called inside checkpoint ${scope.checkpoint.selector}: ${instead}`);
  }
  return scope;
}

/** @throws MisuseError when a name is not one that can be told apart and typed */
export function requireName(what: string, name: unknown): string {
  if (typeof name !== "string" || !/^[\p{L}_][\p{L}\p{N}_.:-]{0,119}$/u.test(name)) {
    throw new MisuseError(
      `${JSON.stringify(name)} is no name for a ${what}: begin with a letter, go on with letters, digits, "_", "-", "." or ":" (120 at most)`,
    );
  }
  return name;
}
