import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { ModelError } from "../core/model-error.ts";
import { programEnvironment } from "../processes/environment.ts";
import { findProgram } from "../processes/find-program.ts";
import { Connection } from "./connection.ts";
import { HttpLink, SseLink } from "./http-link.ts";
import type { Link } from "./link.ts";
import { ProcessLink, type ServerProgram } from "./process-link.ts";
import type { ProcessServer, ServerEntry } from "./server-entry.ts";

interface Opening {
  server: string;
  entry: ServerEntry;
  projectRoot: string;
  env: NodeJS.ProcessEnv;
  fetch: typeof globalThis.fetch | undefined;
  startMs: number;
}

/** @throws ModelError `server_unavailable` or `unauthorized` */
export async function openConnection(opening: Opening, signal: AbortSignal): Promise<Connection> {
  const { server, startMs } = opening;
  return Connection.open({ server, link: linkTo(opening), startMs }, signal);
}

function linkTo({ entry, fetch = globalThis.fetch, ...place }: Opening): Link {
  if (entry.kind === "process") return new ProcessLink(programOf(entry, place));
  return entry.kind === "sse" ? new SseLink(entry, fetch) : new HttpLink(entry, fetch);
}

/** @throws ModelError `server_unavailable` */
function programOf(server: ProcessServer, place: Pick<Opening, "projectRoot" | "env">): ServerProgram {
  const cwd = resolve(place.projectRoot, server.cwd ?? ".");
  if (!existsSync(cwd)) {
    throw new ModelError("server_unavailable", `there is no folder ${server.cwd} in which to start an MCP server`, {
      hint: "Mend `cwd` in its entry: it is relative to the project.",
    });
  }
  const env = { ...programEnvironment(place.env), ...server.env };
  const found = findProgram(server.command, { cwd, env });
  if (found === undefined) {
    throw new ModelError("server_unavailable", `there is no program ${server.command} to start an MCP server with`, {
      hint: "Install it so that it is on the PATH of the worker, or give its path in the server's entry.",
    });
  }
  return { command: found.command, args: [...found.args, ...server.args], cwd, env };
}
