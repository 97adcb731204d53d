import { guardUserCode, openApp, runExitCodes, takeMasterKey } from "../app.ts";
import { messageOf } from "../core/errors.ts";
import { stopSignal } from "../core/stop-signal.ts";
import { logDescriptors, openWorkerLog } from "./worker-log.ts";

export interface SoleRunCommandOptions {
  project: string | undefined;
  run: string;
  as: string;
  epoch: number;
}

/** How long code that was cancelled may clean up; the worker gives it a little longer. */
const cleaningUpMs = 4_500;

/** `savepoint worker --run`: one activation of an execution, for the worker that started this process. */
export async function runSolelyCommand({ project, run, as, epoch }: SoleRunCommandOptions): Promise<void> {
  const write = openWorkerLog(logDescriptors.isolated, undefined);
  let redact = (message: string) => message;
  const say = (message: string) => write(redact(message));
  const guard = guardUserCode((message) => say(`from code outside an execution: ${message}`));
  try {
    // Whatever asks it to end, the worker asks no second time: it kills.
    const signal = stopSignal({ isDetached: true, say: () => {}, onSecond: () => {} });
    const app = await openApp({ project, env: takeMasterKey(), ensureWorker: false, onProblem: say });
    redact = app.store.protection.redact;
    // Flows name files relative to their project, wherever the worker was started.
    process.chdir(app.config.projectRoot);
    const { exitCode, wasLost } = await app.runSolely({ executionId: run, owner: as, epoch, signal, onProblem: say });
    if (!wasLost) {
      await app.close();
      guard.exit(exitCode);
    }
    await app.engine.close();
    // Its code has been told by its signals, and ends this process by coming to rest.
    process.exitCode = exitCode;
    setTimeout(() => guard.exit(exitCode), cleaningUpMs).unref();
  } catch (error) {
    say(
      `execution ${run} cannot be run: ${error instanceof Error ? (error.stack ?? messageOf(error)) : String(error)}`,
    );
    guard.exit(runExitCodes.unavailable);
  }
}
