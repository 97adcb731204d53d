import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { messageOf, UserError } from "../core/errors.ts";
import { parseForm } from "./form.ts";
import type { PageAnswer, SecretPage } from "./page.ts";
import { contentSecurityPolicy, messagePage } from "./page-html.ts";

type FindPage = (token: string) => SecretPage | undefined;

const headersMs = 10_000;
const requestMs = 60_000;
const mostConnections = 64;
const longestHeaderBytes = 8_192;
const formType = "application/x-www-form-urlencoded";

/** Serves pages on the loopback interface, at a port that is free. @throws UserError `unavailable` */
export async function listenForPages(find: FindPage): Promise<Server> {
  const server = createServer({ maxHeaderSize: longestHeaderBytes }, (request, response) => {
    answer(server, { request, find }).then(
      (one) => send(response, one),
      // The browser left in the middle of its request.
      () => response.destroy(),
    );
  });
  server.headersTimeout = headersMs;
  server.requestTimeout = requestMs;
  server.maxConnections = mostConnections;
  await bind(server);
  // A page that nobody has answered does not keep a process alive.
  server.unref();
  return server;
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the listener of the pages is closed");
  return address.port;
}

function bind(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        new UserError("unavailable", `no page can be opened on 127.0.0.1: ${messageOf(error)}`, {
          hint: "Let the person type the values in a terminal: `savepoint secrets set NAME KEY`.",
          cause: error,
        }),
      ),
    );
    server.listen(0, "127.0.0.1", resolve);
  });
}

/** In this order: who calls it by another name, as a page elsewhere could, does not even learn whether it exists. */
async function answer(
  server: Server,
  { request, find }: { request: IncomingMessage; find: FindPage },
): Promise<PageAnswer & { allow?: string }> {
  const { host, origin } = request.headers;
  const own = `127.0.0.1:${portOf(server)}`;
  if (host !== own) return refusal(403, "This page was called by a name that is not its own.");
  const page = find((request.url ?? "").slice(1));
  if (page === undefined) return refusal(404, "There is no such page. It may have been answered long ago.");
  if (request.method === "GET") return page.form();
  if (request.method !== "POST") return { ...refusal(405, "This page is read and answered only."), allow: "GET, POST" };
  if (origin !== `http://${own}`) return refusal(403, "Only this page itself may send its form.");
  if (request.headers["content-type"]?.split(";")[0]?.trim() !== formType) {
    return refusal(415, "This page takes its own form only.");
  }
  const body = await readBody(request, page.longestBodyBytes);
  if (body === undefined)
    return refusal(413, "That is more than the values of this secret may be. Nothing was stored.");
  const form = parseForm(body);
  return form === undefined ? refusal(400, "This form is damaged. Nothing was stored.") : page.submit(form);
}

/** Undefined where it is too long: the rest is read and dropped, so that the browser gets to see the answer. */
async function readBody(request: IncomingMessage, longest: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= longest) chunks.push(chunk);
    else chunks.length = 0;
  }
  return length > longest ? undefined : Buffer.concat(chunks);
}

function refusal(status: number, sentence: string): PageAnswer {
  return { status, html: messagePage("This cannot be answered", [sentence]) };
}

function send(response: ServerResponse, { status, html, allow }: PageAnswer & { allow?: string }): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(html),
    "content-security-policy": contentSecurityPolicy,
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    // With no-referrer browsers would send no Origin with the form.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    connection: "close",
    ...(allow !== undefined && { allow }),
  });
  response.end(html);
}
