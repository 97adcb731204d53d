import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join, resolve } from "node:path";

/**
 * Lets Node.js keep compiled modules in the state folder of a project that has one: clients start this process for
 * each of their sessions, and loading is most of what it does before it answers.
 */
export function useCompileCache(project: string | undefined): void {
  const state = join(resolve(project || process.env.SAVEPOINT_PROJECT || "."), ".savepoint");
  if (existsSync(state)) enableCompileCache(join(state, "cache"));
}
