import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import type { EventStore } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { testServer } from "./tools.ts";

export interface HttpTestServer {
  url: string;
  /** Method and, of messages, what they ask for. */
  requests: string[];
  headers: IncomingMessage["headers"][];
  sessions(): number;
  /** As if it had been started anew: it knows no session any more. */
  forget(): void;
  /** Cuts all connections that are open now. */
  cut(): void;
  close(): Promise<void>;
}

interface Options {
  /** Answers as JSON, not as a stream. */
  json?: boolean;
  token?: string;
  eventStore?: EventStore;
  /** Speaks the older protocol. */
  isSse?: boolean;
}

/** An MCP server on the loopback, in this process. */
export async function startHttpServer({
  json = false,
  token,
  eventStore,
  isSse = false,
}: Options = {}): Promise<HttpTestServer> {
  let transports = new Map<string, StreamableHTTPServerTransport | SSEServerTransport>();
  const requests: string[] = [];
  const headers: HttpTestServer["headers"] = [];

  async function streamable(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const session = request.headers["mcp-session-id"];
    const known = typeof session === "string" ? transports.get(session) : undefined;
    if (known instanceof StreamableHTTPServerTransport) return known.handleRequest(request, response, body);
    if (session !== undefined) return void response.writeHead(404).end("no such session");
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => `session-${requests.length}`,
      onsessioninitialized: (id) => void transports.set(id, transport),
      onsessionclosed: (id) => void transports.delete(id),
      enableJsonResponse: json,
      ...(eventStore !== undefined && { eventStore, retryInterval: 50 }),
    });
    await testServer().connect(transport as never);
    await transport.handleRequest(request, response, body);
  }

  async function sse(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    if (request.method === "GET") {
      const transport = new SSEServerTransport("/messages", response);
      transports.set(transport.sessionId, transport);
      return testServer().connect(transport);
    }
    const id = new URL(request.url ?? "/", "http://localhost").searchParams.get("sessionId") ?? "";
    const known = transports.get(id);
    if (!(known instanceof SSEServerTransport)) return void response.writeHead(404).end("no such session");
    await known.handlePostMessage(request, response, body);
  }

  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      requests.push(`${request.method} ${methodIn(body)}`.trim());
      headers.push(request.headers);
      if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
        return void response.writeHead(401).end("who are you?");
      }
      return isSse ? sse(request, response, body) : streamable(request, response, body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    requests,
    headers,
    sessions: () => transports.size,
    forget: () => {
      transports = new Map();
    },
    cut: () => server.closeAllConnections(),
    async close() {
      server.closeAllConnections();
      server.close();
      if (server.listening) await once(server, "close");
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text === "" ? undefined : JSON.parse(text);
}

function methodIn(body: unknown): string {
  return typeof body === "object" && body !== null && "method" in body ? String(body.method) : "";
}
