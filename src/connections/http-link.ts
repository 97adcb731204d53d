import { setTimeout as sleep } from "node:timers/promises";
import { SSEClientTransport, SseError } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { TransportSendOptions } from "@modelcontextprotocol/sdk/shared/transport.js";
import { ErrorCode, isJSONRPCRequest, type JSONRPCMessage, type RequestId } from "@modelcontextprotocol/sdk/types.js";
import type { Link } from "./link.ts";
import { watchedBody } from "./watched-body.ts";

export interface HttpServer {
  url: string;
  headers: Record<string, string>;
}

/** What the SDK says when it will not take up a stream again. */
const givenUp = /^Maximum reconnection attempts/;

type Fetch = typeof globalThis.fetch;

/** How long a server may take to be told that its session is over. */
const farewellMs = 2_000;
/** Once a stream has ended, so long what it held may take to be read. */
const readingMs = 250;

/** A server that speaks Streamable HTTP. */
export class HttpLink extends StreamableHTTPClientTransport implements Link {
  readonly transport = this;
  /** Requests whose streams can be taken up again where they broke off. */
  readonly #resumable = new Set<RequestId>();
  /** Those of them that did break off. */
  readonly #interrupted = new Set<RequestId>();

  constructor({ url, headers }: HttpServer, fetch: Fetch) {
    super(new URL(url), {
      requestInit: { headers },
      fetch: (input, init = {}) => fetch(input, init).then((response) => this.#watched(response, init)),
    });
    this.onerror = ({ message }) => {
      if (givenUp.test(message)) this.#breakOff(...this.#interrupted);
    };
  }

  override async send(message: JSONRPCMessage | JSONRPCMessage[], options: TransportSendOptions = {}): Promise<void> {
    const id = Array.isArray(message) || !isJSONRPCRequest(message) ? undefined : message.id;
    await super.send(message, {
      ...(options.resumptionToken !== undefined && { resumptionToken: options.resumptionToken }),
      onresumptiontoken: (token) => {
        if (id !== undefined) this.#resumable.add(id);
        options.onresumptiontoken?.(token);
      },
    });
  }

  fate(): string {
    return "broke the connection";
  }

  lastWords(): string {
    return "";
  }

  override async close(): Promise<void> {
    const farewell = this.terminateSession().catch(() => {});
    await Promise.race([farewell, sleep(farewellMs, undefined, { ref: false })]);
    await super.close();
  }

  /** Nobody else notices when the stream of a request ends before its answer has come. */
  #watched(response: Response, { method, body }: RequestInit): Response {
    if (!response.ok || response.body === null) return response;
    const id = method === "POST" ? requestIn(body) : undefined;
    const onEnd = () => {
      if (id === undefined) return;
      if (this.#resumable.has(id)) this.#interrupted.add(id);
      else setTimeout(() => this.#breakOff(id), readingMs).unref();
    };
    const { status, statusText, headers } = response;
    const hasLines = headers.get("content-type")?.includes("event-stream") === true;
    return new Response(watchedBody(response.body, { hasLines, onEnd }), { status, statusText, headers });
  }

  /** Whoever still waits for this answer is told; where nobody does, it is as if nothing had been said. */
  #breakOff(...ids: RequestId[]): void {
    for (const id of ids) {
      this.onmessage?.({ jsonrpc: "2.0", id, error: { code: ErrorCode.ConnectionClosed, message: brokenOff } });
    }
    this.#interrupted.clear();
  }
}

/** By this message a call knows that the answer's stream ended, and not the server's word. */
export const brokenOff = "the answer broke off";

/** A server that speaks the older protocol of server-sent events. */
export class SseLink extends SSEClientTransport implements Link {
  readonly transport = this;

  constructor({ url, headers }: HttpServer, fetch: Fetch) {
    super(new URL(url), { requestInit: { headers }, fetch });
    this.onerror = (error) => {
      // The SDK would open another stream, in which the server does not know us.
      if (error instanceof SseError) void this.close();
    };
  }

  fate(): string {
    return "broke the connection";
  }

  lastWords(): string {
    return "";
  }
}

function requestIn(body: RequestInit["body"]): RequestId | undefined {
  const message: unknown = typeof body === "string" ? JSON.parse(body) : undefined;
  return isJSONRPCRequest(message) ? message.id : undefined;
}
