import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { messageOf, UserError } from "../core/errors.ts";
import type { CallError } from "../tools/call-error.ts";
import { errorResponse } from "./answers.ts";

export interface Listener {
  readonly port: number;
  /** Takes no new connections, lets open requests end, and cuts off what is still open after that time. */
  close(withinMs: number): Promise<void>;
}

interface ListenOptions {
  host: string;
  /** 0 for any that is free. */
  port: number;
  fetch(request: Request): Response | Promise<Response>;
  onProblem(message: string, cause: unknown): void;
}

/** How long a client may take for its headers, and for a whole request. */
const headersMs = 20_000;
const requestMs = 120_000;
const keepAliveMs = 30_000;
const lookEveryMs = 5_000;
const tidyEveryMs = 25;

/** @throws UserError when the port cannot be had */
export async function listen({ host, port, fetch, onProblem }: ListenOptions): Promise<Listener> {
  const answer = getRequestListener(fetch, {
    // Workflows may run in this process, and these are theirs as well.
    overrideGlobalObjects: false,
    errorHandler: (error) => notUnderstood(messageOf(error)),
  });
  const server = createServer({ connectionsCheckingInterval: lookEveryMs }, (incoming, outgoing) => {
    answer(incoming, outgoing).catch((error: unknown) => onProblem("a request could not be answered", error));
  });
  server.headersTimeout = headersMs;
  server.requestTimeout = requestMs;
  server.keepAliveTimeout = keepAliveMs;
  server.on("clientError", refuse);
  await bind(server, host, port);
  server.on("error", (error) => onProblem("the server's socket failed", error));
  const { port: bound } = server.address() as AddressInfo;
  return { port: bound, close: (withinMs) => close(server, withinMs) };
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  // Node.js would take it for all addresses.
  if (host.trim() === "") throw notOfThisMachine("an empty address");
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(bindProblem(error, host, port)));
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

function bindProblem(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const elsewhere = "Pass --port 0 for any free port, or --port with another number.";
  switch (error.code) {
    case "EADDRINUSE":
      return new UserError("conflict", `port ${port} of ${host} is taken`, {
        hint: `${elsewhere} Perhaps \`savepoint serve\` runs already.`,
      });
    case "EACCES":
      return new UserError("forbidden", `port ${port} of ${host} may not be used`, { hint: elsewhere });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return notOfThisMachine(host);
    default:
      return error;
  }
}

function notOfThisMachine(host: string): UserError {
  return new UserError("invalid_input", `${host} is no address of this machine`, {
    hint: "Leave --host out for this machine alone, or pass 0.0.0.0 for all its addresses.",
  });
}

function close(server: Server, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), withinMs);
    // Connections whose last answer had begun before are kept alive by their clients.
    const tidy = setInterval(() => server.closeIdleConnections(), tidyEveryMs);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(tidy);
      resolve();
    });
  });
}

/** What never became a request: there is no response object to write with. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const [status, problem] = problemOf(error.code);
  const body = JSON.stringify({ error: problem });
  const head = [
    `HTTP/1.1 ${status}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

function problemOf(code: string | undefined): [string, CallError] {
  const problem = (message: string, hint: string): CallError => ({
    code: "invalid_input",
    message,
    hint,
    details: null,
  });
  if (code === "HPE_HEADER_OVERFLOW") {
    return [
      "431 Request Header Fields Too Large",
      { ...problem("the headers are too long", "Send fewer or shorter headers."), code: "too_large" },
    ];
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return ["408 Request Timeout", problem("the request took too long to arrive", "Send it again, in one go.")];
  }
  return ["400 Bad Request", problem("this is no HTTP request", "Speak HTTP/1.1 without TLS.")];
}

function notUnderstood(message: string): Response {
  return errorResponse({
    code: "invalid_input",
    message: `the request cannot be understood: ${message}`,
    hint: "Call the server by its name, with a path such as /api.",
    details: null,
  });
}
