import { randomUUID } from "node:crypto";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { isInitializeRequest } from "@modelcontextprotocol/sdk/types.js";
import type { App } from "../app.ts";
import { HttpSession } from "./http-session.ts";
import { rpcError } from "./rpc-error.ts";
import { createMcpServer, type McpServerOptions } from "./server.ts";

export interface HttpSessionsOptions extends Omit<McpServerOptions, "onCall" | "onClose" | "leftBy"> {
  max: number;
  /** How long a session without a request or an open stream is kept. */
  idleMs: number;
  /** Milliseconds that only ever rise. */
  now?: () => number;
}

/** A request to the endpoint, whose caller is known and whose body has been read. */
export interface SessionRequest {
  request: Request;
  /** Who calls; a session is open to the one that opened it alone. */
  principal: string;
  /** The parsed body of a POST. */
  body?: unknown;
}

/** At the limit, a session that has been idle for so long makes room for a new one. */
const dispensableMs = 60_000;
const longestSweepMs = 30_000;
/** How long calls in flight may take to answer when the server closes. */
const partingMs = 1_000;
const retryAfter = { "retry-after": "60" };

/** The connections of MCP clients over HTTP: each has a server and a transport of its own. */
export class HttpSessions {
  readonly #app: App;
  readonly #options: HttpSessionsOptions;
  readonly #now: () => number;
  readonly #sessions = new Map<string, HttpSession>();
  readonly #opening = new Set<HttpSession>();
  #sweeper: NodeJS.Timeout | undefined;

  constructor(app: App, options: HttpSessionsOptions) {
    this.#app = app;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get size(): number {
    return this.#sessions.size;
  }

  async handle({ request, principal, body }: SessionRequest): Promise<Response> {
    const id = request.headers.get("mcp-session-id");
    if (id === null) {
      return isInitializeRequest(body) ? this.#open({ request, principal, body }) : withoutSession(body);
    }
    const session = this.#sessions.get(id);
    if (session === undefined || session.principal !== principal) {
      const message = "there is no such session: begin a new one with initialize";
      return rpcError({ status: 404, code: -32001, message }, body);
    }
    return session.handle(request, body);
  }

  /** Lets the calls in flight answer for a moment, then ends every session. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await Promise.all([...this.#sessions.values()].map((session) => session.close(partingMs)));
  }

  async #open({ request, principal, body }: SessionRequest): Promise<Response> {
    if (!this.#makeRoom()) {
      const message = `all ${this.#options.max} sessions are in use (http.max_sessions): end one with DELETE, or try again in a minute`;
      return rpcError({ status: 503, code: -32000, message, headers: retryAfter }, body);
    }
    const session = this.#create(principal);
    this.#opening.add(session);
    try {
      await session.connect();
      const response = await session.handle(request, body);
      if (!session.isInitialized) await session.close(0);
      return response;
    } finally {
      this.#opening.delete(session);
    }
  }

  #create(principal: string): HttpSession {
    const { groups, closing, onProblem, onProtocolError } = this.#options;
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id): void => this.#keep(id, session),
    });
    const server = createMcpServer(this.#app, {
      groups,
      ...(closing && { closing }),
      ...(onProblem && { onProblem }),
      ...(onProtocolError && { onProtocolError }),
      onCall: (call) => session.track(call),
      leftBy: (call) => session.leftBy(call),
      onClose: () => session.onEnd(),
    });
    const session: HttpSession = new HttpSession({ principal, server, transport, now: this.#now });
    return session;
  }

  #keep(id: string, session: HttpSession): void {
    this.#opening.delete(session);
    this.#sessions.set(id, session);
    session.onEnd = () => this.#sessions.delete(id);
    this.#sweeper ??= setInterval(() => this.#sweep(), Math.min(longestSweepMs, this.#options.idleMs)).unref();
  }

  #sweep(): void {
    for (const id of this.#idleSince(this.#now() - this.#options.idleMs)) this.#end(id);
  }

  /** At the limit, the session that has been idle longest must go. */
  #makeRoom(): boolean {
    if (this.#sessions.size + this.#opening.size < this.#options.max) return true;
    const [longest] = this.#idleSince(this.#now() - dispensableMs);
    if (longest !== undefined) this.#end(longest);
    return longest !== undefined;
  }

  /** The longest first. */
  #idleSince(before: number): string[] {
    return [...this.#sessions]
      .filter(([, session]) => session.isIdleSince(before))
      .sort(([, a], [, b]) => a.usedAt - b.usedAt)
      .map(([id]) => id);
  }

  /** Its place is free at once, so that two newcomers do not both count on it. */
  #end(id: string): void {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    session?.close(0).catch((error: unknown) => this.#options.onProblem?.("a session could not be closed", error));
  }
}

/** Clients of a newer protocol ask first without a session; they fall back when they read that the method is unknown. */
function withoutSession(body: unknown): Response {
  const method = typeof body === "object" && body !== null && "method" in body ? body.method : undefined;
  const [code, message] =
    method === "server/discover"
      ? [-32601, "server/discover is not known here: begin with initialize"]
      : [-32000, "the header Mcp-Session-Id is missing: begin a session with initialize"];
  return rpcError({ status: 400, code, message }, body);
}
