import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { openClient } from "../../src/client/client.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** What answers is not always a Savepoint, and not always well. */
async function answering(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a server that is not there is unavailable, with how to start one", async () => {
  const url = await answering(() => {});
  server?.close();
  await once(server as Server, "close");
  const client = await openClient({ url, token: "t" });
  await expect(client.status({})).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("cannot be reached"),
    hint: expect.stringContaining("savepoint serve"),
  });
});

test("what is no Savepoint server is told apart, and the token goes nowhere else", async () => {
  const asked: string[] = [];
  const url = await answering(({ url: path = "" }, response) => {
    asked.push(path);
    if (path === "/api/status") response.writeHead(302, { location: "/elsewhere" }).end();
    else response.writeHead(500).end("<h1>it broke</h1>");
  });
  const client = await openClient({ url, token: "t" });
  await expect(client.executions.list({})).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("is no Savepoint server"),
  });
  await expect(client.status({})).rejects.toMatchObject({ code: "unavailable" });
  expect(asked).not.toContain("/elsewhere");
});

test("a stream that breaks is taken up behind the last event that arrived", async () => {
  const asked: (string | undefined)[] = [];
  const frame = (id: number) =>
    `id: ${id}\nevent: progress\ndata: ${JSON.stringify({ event_id: id, type: "progress", at: "", name: null, data: null })}\n\n`;
  const url = await answering((request, response) => {
    asked.push(request.headers["last-event-id"] as string | undefined);
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (asked.length === 1) response.write(`${frame(1)}: keep-alive\n\n${frame(2)}`, () => response.destroy());
    else response.end(`${frame(3)}event: done\ndata: {"execution_id":"x","status":"completed"}\n\n`);
  });
  const client = await openClient({ url, token: "t" });
  const followed = [];
  for await (const one of client.follow("x")) followed.push(one.kind === "event" ? one.event.event_id : one.status);
  expect(followed).toEqual([1, 2, 3, "completed"]);
  expect(asked).toEqual([undefined, "2"]);
});

test("a stream that cannot be had at all is an error, and not tried again", async () => {
  let asked = 0;
  const url = await answering((_, response) => {
    asked++;
    const error = { code: "not_found", message: "there is no execution", hint: "look", details: null };
    response.writeHead(404, { "content-type": "application/json" }).end(JSON.stringify({ error }));
  });
  const client = await openClient({ url, token: "t" });
  const next = client.follow("x")[Symbol.asyncIterator]().next();
  await expect(next).rejects.toMatchObject({ code: "not_found", hint: "look" });
  expect(asked).toBe(1);
});
