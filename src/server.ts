#!/usr/bin/env node
import { ensureRuntime, isEntry } from "./core/runtime.ts";
import type { HttpOptions } from "./http/main.ts";

export interface ServeOptions {
  /** The project folder; without it `SAVEPOINT_PROJECT`, else the working directory. */
  project?: string | undefined;
  /** Groups of operations to offer; without them `SAVEPOINT_GROUPS`, else the usual ones. */
  groups?: readonly string[] | undefined;
}

if (isEntry(import.meta.url) && (await ensureRuntime())) await main(process.argv.slice(2));

/** Speaks MCP over stdio until the client leaves; what `savepoint mcp` and `node dist/server.js` do. */
export async function serve(options: ServeOptions): Promise<void> {
  await (await import("./mcp/main.ts")).main(options);
}

/** Speaks MCP and REST over HTTP until a signal asks for the end; what `savepoint serve` does. */
export async function serveHttp(options: HttpOptions): Promise<void> {
  await (await import("./http/main.ts")).main(options);
}

async function main(argv: string[]): Promise<void> {
  // Not at the top: an old Node.js has no parseArgs and would fail before it can be told what it lacks.
  const { parseArgs } = await import("node:util");
  const { isUserError } = await import("./core/errors.ts");
  try {
    // Some clients name the transport, as in `node dist/server.js stdio`; it is the only one that this entry has.
    const args = argv[0] === "stdio" ? argv.slice(1) : argv;
    const { project, groups } = parseArgs({
      args,
      options: { project: { type: "string" }, groups: { type: "string" } },
    }).values;
    await serve({ project, groups: groups?.split(",").map((name) => name.trim()) });
  } catch (error) {
    if (!isUserError(error) && !isUsageError(error)) throw error;
    process.stderr.write(`savepoint: ${error.message}\n`);
    if (isUserError(error) && error.hint !== undefined) process.stderr.write(`${error.hint}\n`);
    process.exitCode = isUserError(error) ? 1 : 2;
  }
}

function isUsageError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS_");
}
