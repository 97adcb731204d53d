import { guardUserCode, openApp } from "../app.ts";

export interface WorkerCommandOptions {
  project?: string;
  concurrency?: number;
  detachedAs?: string;
}

/** `savepoint worker`: claims and runs executions until SIGTERM or SIGINT; a detached one also ends when idle. */
export async function runWorkerCommand({ project, concurrency, detachedAs }: WorkerCommandOptions): Promise<void> {
  const say = (message: string) => void process.stderr.write(`${new Date().toISOString()} worker ${process.pid}: ${message}\n`);
  const guard = guardUserCode((message) => say(`from code outside an execution: ${message}`));
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  const app = await openApp({ project, ensureWorker: false });
  // Flows name files relative to their project, wherever the worker was started.
  process.chdir(app.config.projectRoot);
  try {
    const chosen = concurrency ?? app.config.worker.concurrency;
    say(`runs up to ${chosen} executions at a time for ${app.config.projectRoot}`);
    await app.runWorker({
      kind: detachedAs === undefined ? "foreground" : "detached",
      concurrency: chosen,
      reservedId: detachedAs,
      signal: stop.signal,
      onProblem: (message) => say(message),
    });
    say("has stopped");
  } finally {
    await app.close();
  }
  // User code may have left timers or sockets behind that would keep the process alive.
  guard.exit(0);
}
