import type { App } from "../app.ts";
import type { HttpSessions } from "../mcp/http-sessions.ts";
import type { Token } from "./token.ts";

/** What every route needs. */
export interface HttpServices {
  readonly app: App;
  readonly token: Token;
  /** The name or address that the server listens on. */
  readonly boundHost: string;
  readonly sessions: HttpSessions;
  /** Fires when the server is asked to end: waits end, and nothing new begins. */
  readonly closing: AbortSignal;
  readonly onProblem: (message: string, cause?: unknown) => void;
  /** How often an open stream shows that it lives. */
  readonly keepAliveMs?: number;
}
