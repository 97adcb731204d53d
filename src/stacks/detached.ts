import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The command line's entry beside this file, in src/ as in dist/. */
export const cliEntry = fileURLToPath(
  new URL(`../cli/main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);

export interface DetachedWorker {
  id: string;
  projectRoot: string;
  logsFolder: string;
  env: NodeJS.ProcessEnv;
}

/**
 * Starts a worker that outlives this process. It writes its log to a descriptor of its own; its standard streams lead
 * nowhere, since what user code and the programs it starts write there past everything could hold a secret.
 */
export function spawnDetachedWorker({ id, projectRoot, logsFolder, env }: DetachedWorker): ChildProcess {
  mkdirSync(logsFolder, { recursive: true, mode: 0o700 });
  const log = openSync(join(logsFolder, "worker.log"), "a", 0o600);
  // It serves everyone: a parent that one agent session was given must not become the parent of other people's work.
  const { SAVEPOINT_PARENT_EXECUTION_ID: _, SAVEPOINT_PARENT_CHECKPOINT: __, ...unmarked } = env;
  // Where an MCP server of another worker starts it, it does not end with that server.
  const { SAVEPOINT_SERVER_RUN: ___, ...environment } = unmarked;
  try {
    const child = spawn(process.execPath, [cliEntry, "worker", "--project", projectRoot, "--detached-as", id], {
      cwd: projectRoot,
      // A session of its own: neither the end of a terminal nor a signal to this process's group reaches it.
      detached: true,
      stdio: ["ignore", "ignore", "ignore", log],
      env: environment,
      windowsHide: true,
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}
