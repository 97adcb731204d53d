import { writeSync } from "node:fs";
import { type App, guardUserCode, openApp, takeMasterKey } from "../app.ts";
import { stopSignal } from "../core/stop-signal.ts";
import { HttpSessions } from "../mcp/http-sessions.ts";
import { createLogger } from "../mcp/logger.ts";
import { operationsOfGroups } from "../tools/groups.ts";
import { announcementJson, announcementText, isLoopback, urlOf } from "./announcement.ts";
import { createHttpApp } from "./http-app.ts";
import { type Listener, listen } from "./listener.ts";
import { openToken } from "./token.ts";

export interface HttpOptions {
  project?: string | undefined;
  /** Default: that of the configuration; 0 for any that is free. */
  port?: number;
  host: string;
  /** Groups of operations that MCP clients are offered; default: those of the configuration. */
  groups?: readonly string[] | undefined;
  /** Executions that the embedded worker runs at a time. */
  concurrency?: number;
  /** Whether executions run in this process; else in a detached worker. */
  worker: boolean;
  /** Whether the start is told as one line of JSON. */
  isJson: boolean;
}

/** It serves everyone: what one agent's session was given must not become the parent of other people's work. */
function withoutParent({
  SAVEPOINT_PARENT_EXECUTION_ID: _,
  SAVEPOINT_PARENT_CHECKPOINT: __,
  ...env
}: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env;
}

type OnProblem = (message: string, cause?: unknown) => void;

/** How long open requests may take to end; what then is open is cut off. */
const lingeringMs = 3_000;
/** A worker waits up to 5 seconds for its checkpoints; what still keeps the process alive after that is not worth it. */
const longestEndMs = 10_000;

/** Serves MCP and REST over HTTP until a signal asks for the end. @throws UserError when it cannot begin */
export async function main(options: HttpOptions): Promise<void> {
  let redact = (line: string) => line;
  const logger = createLogger(process.env, (line) => redact(line));
  const onProblem: OnProblem = (message, cause) => logger.log(cause === undefined ? "warn" : "error", message, cause);
  const app = await openApp({
    project: options.project,
    ensureWorker: !options.worker,
    env: withoutParent(options.worker ? takeMasterKey() : process.env),
    onProblem,
  });
  redact = app.store.protection.redact;
  let exit: (code: number) => void = process.exit.bind(process);
  const stop = stopSignal({ isDetached: false, say: tell, onSecond: () => exit(130) });
  const server = await start(app, options, onProblem).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  // From here on, user code may run in this process, and what is printed belongs to it.
  const guard = options.worker ? guardUserCode((message) => onProblem(`outside an execution: ${message}`)) : undefined;
  exit = guard?.exit ?? exit;
  const work = options.worker ? embeddedWorker(app, options, stop, onProblem) : app.stack.keepWorker();
  await Promise.race([aborted(stop), ...(work === undefined ? [] : [work])]);
  const exitCode = stop.aborted ? 0 : 1;
  if (exitCode !== 0) tell("the worker has ended, and so does the server");
  setTimeout(() => exit(exitCode), longestEndMs).unref();
  await Promise.all([server.close(), work]);
  await app.close();
  // User code may have left timers or sockets behind that would keep the process alive.
  exit(exitCode);
}

async function start(app: App, options: HttpOptions, onProblem: OnProblem): Promise<{ close(): Promise<void> }> {
  const { host, worker, isJson } = options;
  const { http, stateFolder } = app.config;
  const token = openToken(stateFolder, tell);
  const closing = new AbortController();
  const groups = options.groups ?? app.config.mcp.groups;
  // A mistake is told now, and not to the first client.
  operationsOfGroups(groups);
  const sessions = new HttpSessions(app, {
    groups,
    max: http.maxSessions,
    idleMs: http.sessionIdleMs,
    closing: closing.signal,
    onProblem,
    // Mistakes of clients, who are told themselves.
    onProtocolError: () => {},
  });
  const hono = createHttpApp({ app, token, boundHost: host, sessions, closing: closing.signal, onProblem });
  const fetch = (request: Request) => hono.fetch(request);
  const listener: Listener = await listen({ host, port: options.port ?? http.port, fetch, onProblem });
  if (app.config.projectNote !== undefined) tell(app.config.projectNote);
  if (!isLoopback(host)) {
    tell(`warning: ${host} can be reached from other machines, and traffic (the token included) is not encrypted`);
  }
  const announced = { app, token, host, port: listener.port, worker: worker ? "embedded" : "detached" } as const;
  const withdraw = app.answerLinks.announce(urlOf(announced));
  process.stdout.on("error", () => {});
  process.stdout.write(isJson ? announcementJson(announced) : announcementText(announced));
  return {
    async close() {
      closing.abort();
      await Promise.all([listener.close(lingeringMs), sessions.close()]);
      try {
        withdraw();
      } catch (error) {
        onProblem("the server's address could not be taken back", error);
      }
    },
  };
}

async function embeddedWorker(
  app: App,
  { concurrency = app.config.worker.concurrency }: HttpOptions,
  signal: AbortSignal,
  onProblem: OnProblem,
): Promise<void> {
  try {
    // Flows name files relative to their project, wherever the server was started.
    process.chdir(app.config.projectRoot);
    const tellUnlessAsked = (message: string, cause?: unknown) => {
      if (message !== `stops: ${String(signal.reason)}`) onProblem(message, cause);
    };
    await app.runWorker({ kind: "embedded", concurrency, signal, onProblem: tellUnlessAsked });
  } catch (error) {
    onProblem("the worker failed", error);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Written past whatever user code does to the streams. */
function tell(message: string): void {
  try {
    writeSync(process.stderr.fd, `savepoint: ${message}\n`);
  } catch {
    // The terminal is gone: that must not end the server.
  }
}
