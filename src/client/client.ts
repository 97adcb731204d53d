import type { LocalOptions, RemoteOptions, SavepointClient } from "./savepoint-client.ts";

export { type ErrorCode, UserError } from "../core/errors.ts";
export type { Followed } from "../tools/following.ts";
export type { Answer, Arguments, CallOptions, Operations } from "./operations.ts";
export type { FollowOptions, LocalOptions, RemoteOptions, SavepointClient } from "./savepoint-client.ts";

/**
 * Opens the store of a project on this machine, or a server.
 *
 * @example
 * const client = await openClient({ project: "." });
 * const { execution_id, next } = await client.executions.run({ target: "flows/review.ts:review" });
 * await client.close();
 * @throws UserError when the project cannot be opened or the URL is none
 */
export async function openClient(options: LocalOptions | RemoteOptions = {}): Promise<SavepointClient> {
  // What one of the two needs the other must not load: a remote client opens no database.
  if ("url" in options) return (await import("./remote.ts")).openRemote(options);
  return (await import("./local.ts")).openLocal(options);
}
