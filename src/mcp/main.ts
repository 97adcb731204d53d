import type { App } from "../app.ts";
import { useCompileCache } from "./compile-cache.ts";
import { claimStdout } from "./protocol-stdout.ts";

export interface McpOptions {
  project?: string | undefined;
  /** Groups of operations to offer; default: those of the configuration. */
  groups?: readonly string[] | undefined;
}

/** The largest payload, with room for what JSON escapes. */
const longestMessageBytes = 128 * 1024 * 1024;
/** How long calls in flight may take to answer once the client has gone. */
const partingMs = 1_000;
/** What still keeps the process alive so long after the client has gone is not worth waiting for. */
const lingeringMs = 3_000;

/** Serves MCP over stdio until the client closes stdin or a signal asks for the end. */
export async function main(options: McpOptions): Promise<void> {
  // Before anything else is loaded: only the protocol may write there.
  const stdout = claimStdout();
  const client = clientLeaves(stdout);
  useCompileCache(options.project);
  const [{ openApp }, { createMcpServer }, { createLogger }, { StdioServerTransport }] = await Promise.all([
    import("../app.ts"),
    import("./server.ts"),
    import("./logger.ts"),
    import("@modelcontextprotocol/sdk/server/stdio.js"),
  ]);
  let redact = (line: string) => line;
  const logger = createLogger(process.env, (line) => redact(line));
  const onProblem = (message: string, cause?: unknown) => logger.log("error", message, cause);
  const app = await openApp({ ...options, onProblem });
  redact = app.store.protection.redact;
  const closing = new AbortController();
  const calls = new Set<Promise<unknown>>();
  // A message that is longer than the transport takes closes it: then nothing more can be said to this client.
  const { promise: closed, resolve: onClose } = Promise.withResolvers<void>();
  const onCall = (call: Promise<unknown>) => track(calls, call);
  const groups = await knownGroups(app, options.groups);
  const server = createMcpServer(app, {
    groups,
    closing: closing.signal,
    onProblem,
    onCall,
    onClose,
  });
  await server.connect(new StdioServerTransport(process.stdin, stdout, { maxBufferSize: longestMessageBytes }));
  app.stack.keepWorker();
  await Promise.race([client, closed]);
  setTimeout(() => process.exit(), lingeringMs).unref();
  closing.abort();
  await settled(calls);
  await server.close();
  await app.close();
}

/** @throws UserError for a group that there is not; the app is closed then */
async function knownGroups(app: App, groups = app.config.mcp.groups): Promise<readonly string[]> {
  const { operationsOfGroups } = await import("../tools/groups.ts");
  try {
    operationsOfGroups(groups);
    return groups;
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** Resolves when stdin ends, stdout breaks, or a signal asks for the end; from then on each of these is ignored. */
function clientLeaves(stdout: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    const leave = () => resolve();
    process.stdin.once("end", leave).once("close", leave).once("error", leave);
    process.stdout.on("error", leave);
    stdout.on("error", leave);
    process.on("SIGTERM", leave).on("SIGINT", leave).on("SIGHUP", leave);
  });
}

/** All calls are answered, or have had their time. */
function settled(calls: Set<Promise<unknown>>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, partingMs);
    void Promise.allSettled(calls).then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function track(calls: Set<Promise<unknown>>, call: Promise<unknown>): void {
  calls.add(call);
  const forget = () => calls.delete(call);
  call.then(forget, forget);
}
