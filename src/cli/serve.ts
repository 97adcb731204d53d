import { isUserError } from "../core/errors.ts";
import { exitCodeOfError } from "./exit-codes.ts";
import type { Globals } from "./globals.ts";
import { createOutput } from "./output.ts";

export interface ServeCommandOptions {
  port?: number;
  host: string;
  groups?: string[];
  concurrency?: number;
  worker: boolean;
}

/** `savepoint serve`: ends with the process, or says why it could not begin. */
export async function runServeCommand(options: ServeCommandOptions, globals: Globals): Promise<void> {
  const { project, output } = globals;
  try {
    await (await import("../server.ts")).serveHttp({ ...options, project, isJson: output === "json" });
  } catch (error) {
    if (!isUserError(error)) throw error;
    createOutput(globals).error("serve", error);
    process.exitCode = exitCodeOfError(error);
  }
}
