import { ModelError } from "../core/model-error.ts";

/** The server knows the session no more; what was asked of it did not happen. */
export class SessionGone extends ModelError {
  constructor(server: string, cause: unknown) {
    super("connection_lost", `the MCP server ${server} does not know the session`, { isTransient: true, cause });
  }
}
