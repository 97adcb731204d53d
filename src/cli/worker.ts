import { join } from "node:path";
import { type App, guardUserCode, openApp, takeMasterKey } from "../app.ts";
import { isUserError } from "../core/errors.ts";
import { stopSignal } from "../core/stop-signal.ts";
import { logDescriptors, openWorkerLog } from "./worker-log.ts";

export interface WorkerCommandOptions {
  project?: string;
  concurrency?: number;
  detachedAs?: string;
}

/** `savepoint worker`: claims and runs executions until SIGTERM or SIGINT; a detached one also ends when idle. */
export async function runWorkerCommand(options: WorkerCommandOptions): Promise<void> {
  const write =
    options.detachedAs === undefined
      ? openWorkerLog(logDescriptors.foreground, undefined)
      : openWorkerLog(logDescriptors.detached, join(options.project ?? ".", ".savepoint/logs/worker.log"));
  let redact = (message: string) => message;
  const say = (message: string) => write(redact(message));
  const guard = guardUserCode((message) => say(`from code outside an execution: ${message}`));
  let exitCode = 0;
  try {
    await work(options, {
      say,
      exit: guard.exit,
      onOpen: (app) => {
        redact = app.store.protection.redact;
      },
    });
  } catch (error) {
    // The guard would take it for an error of user code and let the process live on.
    exitCode = 1;
    if (isUserError(error)) say([error.message, error.hint ?? ""].join("\n").trim());
    else say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  // User code may have left timers or sockets behind that would keep the process alive.
  guard.exit(exitCode);
}

async function work(
  { project, concurrency, detachedAs }: WorkerCommandOptions,
  { say, exit, onOpen }: { say(message: string): void; exit(code: number): never; onOpen(app: App): void },
): Promise<void> {
  const isDetached = detachedAs !== undefined;
  const signal = stopSignal({ isDetached, say, onSecond: () => exit(130) });
  const app = await openApp({ project, env: takeMasterKey(), ensureWorker: false });
  onOpen(app);
  try {
    // Flows name files relative to their project, wherever the worker was started.
    process.chdir(app.config.projectRoot);
    const chosen = concurrency ?? app.config.worker.concurrency;
    say(`Savepoint ${app.version} runs up to ${chosen} executions at a time for ${app.config.projectRoot}`);
    await app.runWorker({
      kind: isDetached ? "detached" : "foreground",
      concurrency: chosen,
      reservedId: detachedAs,
      signal,
      logDescriptor: isDetached ? logDescriptors.detached : logDescriptors.foreground,
      onProblem: say,
    });
    say("has stopped");
  } finally {
    await app.close();
  }
}
