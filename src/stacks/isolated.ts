import type { Program } from "../processes/group.ts";
import { cliEntry } from "./detached.ts";

export interface IsolatedExecution {
  executionId: string;
  /** The worker that holds it, and the epoch in which it does. */
  owner: string;
  epoch: number;
  /** Where the worker's log is. */
  logDescriptor: number;
}

/**
 * The program that runs one execution for a worker. Of its standard streams only the errors lead anywhere: there V8 says
 * that it ran out of memory.
 */
export function isolatedProgram(
  { projectRoot, env }: { projectRoot: string; env: NodeJS.ProcessEnv },
  { executionId, owner, epoch, logDescriptor }: IsolatedExecution,
): Program {
  const { SAVEPOINT_PARENT_EXECUTION_ID: _, SAVEPOINT_PARENT_CHECKPOINT: __, ...environment } = env;
  const run = ["--run", executionId, "--as", owner, "--epoch", String(epoch)];
  return {
    command: process.execPath,
    args: [cliEntry, "worker", "--project", projectRoot, ...run],
    cwd: projectRoot,
    env: environment,
    streams: ["ignore", "ignore", "pipe"],
    descriptor: logDescriptor,
  };
}
