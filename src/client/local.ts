import { userInfo } from "node:os";
import { type App, openApp } from "../app.ts";
import { messageOf, UserError } from "../core/errors.ts";
import { callOperation } from "../tools/call.ts";
import { followExecution } from "../tools/following.ts";
import type { CallContext } from "../tools/operation.ts";
import { type CallOptions, operationsOn } from "./operations.ts";
import type { LocalOptions, SavepointClient } from "./savepoint-client.ts";

export async function openLocal({ onProblem = warn, ...source }: LocalOptions): Promise<SavepointClient> {
  const app = await openApp({
    ...(source.project !== undefined && { project: source.project }),
    ...(source.env !== undefined && { env: source.env }),
    ...(source.cwd !== undefined && { cwd: source.cwd }),
    onProblem,
  });
  if (app.config.projectNote !== undefined) onProblem(app.config.projectNote);
  // After a crash or a reboot, whoever comes first sees to it that the work goes on.
  app.stack.ensureWorker();
  let isClosed = false;
  const client = clientOn(app, onProblem, () => isClosed);
  return {
    ...client,
    async close() {
      if (isClosed) return;
      isClosed = true;
      await app.close();
    },
  };
}

/** The client's methods on an app that somebody else opens and closes. */
export function clientOn(
  app: App,
  onProblem: CallContext["onProblem"],
  isClosed = () => false,
): Omit<SavepointClient, "close"> {
  const contextOf = ({ signal, onProgress }: CallOptions): CallContext => ({
    app,
    signal: signal ?? new AbortController().signal,
    progress: onProgress,
    caller: localUser(),
    onProblem,
  });
  const call = async (name: string, args: object, options: CallOptions = {}) => {
    if (isClosed()) throw closed();
    const outcome = await callOperation(contextOf(options), name, args);
    if (outcome.ok) return outcome.value;
    const { code, message, hint, details } = outcome.error;
    throw new UserError(code, message, { hint: hint ?? undefined, details: details ?? undefined });
  };
  return {
    ...operationsOn(call),
    call,
    follow(executionId, { afterId, signal } = {}) {
      if (isClosed()) throw closed();
      return followExecution(contextOf({ signal }), executionId, { afterId });
    },
  };
}

/** Who is recorded with an answer; undefined where the system has no name for them, as in containers. */
function localUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

function closed(): UserError {
  return new UserError("invalid_state", "this client is closed", { hint: "Open another with openClient()." });
}

function warn(message: string, cause?: unknown): void {
  process.stderr.write(`savepoint: ${message}${cause === undefined ? "" : `: ${messageOf(cause)}`}\n`);
}
