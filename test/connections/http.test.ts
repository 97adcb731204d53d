import type { EventStore } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { afterEach, describe, expect, test } from "vitest";
import { errorOf, useConnections } from "../helpers/connections/connections.ts";
import { type HttpTestServer, startHttpServer } from "../helpers/connections/http-server.ts";
import { until } from "../processes/project.ts";

const connections = useConnections();
const servers: HttpTestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options?: Parameters<typeof startHttpServer>[0]): Promise<HttpTestServer> {
  const server = await startHttpServer(options);
  servers.push(server);
  return server;
}

const calls = ({ requests }: HttpTestServer) => requests.filter((one) => one === "POST tools/call").length;

describe("a server that is reached over HTTP", () => {
  test("answers as a stream or at once, in one session for all calls", async () => {
    for (const json of [false, true]) {
      const server = await serve({ json });
      const { call } = connections.open({ remote: { type: "http", url: server.url } });
      const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => call("remote", "echo", { n })));
      expect(answers).toMatchObject(Array.from({ length: 10 }, (_, n) => ({ n })));
      expect(server.sessions()).toBe(1);
    }
  });

  test("is told when its session is over", async () => {
    const server = await serve();
    const { call, close } = connections.open({ remote: { type: "streamable-http", url: server.url } });
    await call("remote", "echo");
    await close();
    expect(server.requests).toContain("DELETE");
    expect(server.sessions()).toBe(0);
  });

  test("gets its headers, filled in from the environment, and who is refused is told so", async () => {
    const server = await serve({ token: "l0ng-enough-t0ken" });
    const remote = (name: string) => ({ url: server.url, headers: { Authorization: `Bearer \${${name}}` } });
    const env = { REMOTE_TOKEN: "l0ng-enough-t0ken", OTHER_TOKEN: "another-t0ken" };
    const { call, learned } = connections.open({ good: remote("REMOTE_TOKEN"), bad: remote("OTHER_TOKEN") }, { env });
    expect(await call("good", "echo", { n: 1 })).toMatchObject({ n: 1 });
    expect(learned).toContainEqual({ label: "REMOTE_TOKEN", value: "l0ng-enough-t0ken" });
    expect(learned).toContainEqual({ label: "MCP_HEADERS", value: "Authorization: Bearer l0ng-enough-t0ken" });
    const error = await errorOf(call("bad", "echo"));
    expect(error).toMatchObject({ code: "unauthorized", isTransient: false });
    expect(JSON.stringify([error.message, error["hint"]])).not.toContain("another-t0ken");
  });

  test("that has forgotten the session is given a new one, and the call is made once", async () => {
    const server = await serve();
    const { call } = connections.open({ remote: { type: "http", url: server.url } });
    await call("remote", "echo");
    server.forget();
    const answers = await Promise.all([1, 2, 3].map((n) => call("remote", "echo", { n })));
    expect(answers).toMatchObject([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(server.sessions()).toBe(1);
  });

  test("that breaks off in a call makes it fail, and is not asked again by itself", async () => {
    const server = await serve();
    const { call } = connections.open({ remote: { type: "http", url: server.url } });
    await call("remote", "echo");
    const failed = errorOf(call("remote", "slow", { ms: 60_000 }));
    await until("the call", () => calls(server) === 2);
    server.cut();
    expect(await failed).toMatchObject({
      code: "connection_lost",
      isTransient: true,
      message: "the MCP server remote broke the connection (the tool slow)",
    });
    expect(calls(server)).toBe(2);
    expect(await call("remote", "echo", { n: 1 })).toMatchObject({ n: 1 });
  });

  test("that breaks off before it has answered at all makes the call fail as well", async () => {
    const server = await serve({ json: true });
    const { call } = connections.open({ remote: { type: "http", url: server.url } });
    await call("remote", "echo");
    const failed = errorOf(call("remote", "slow", { ms: 60_000 }));
    await until("the call", () => calls(server) === 2);
    server.cut();
    expect(await failed).toMatchObject({ code: "connection_lost", isTransient: true });
    expect(await call("remote", "echo", { n: 1 })).toMatchObject({ n: 1 });
  });

  test("whose streams can be taken up again goes on where it broke off", async () => {
    const server = await serve({ eventStore: eventStore() });
    const { call } = connections.open({ remote: { type: "http", url: server.url } });
    await call("remote", "echo");
    const answer = call("remote", "slow", { ms: 400 });
    await until("the call", () => calls(server) === 2);
    server.cut();
    expect(await answer).toBe("done");
    expect(calls(server)).toBe(2);
  });

  test("may answer much, but not without end", async () => {
    for (const json of [false, true]) {
      const server = await serve({ json });
      const { call } = connections.open({ remote: { type: "http", url: server.url } });
      expect(await call("remote", "long", { length: 10_000_000 })).toHaveLength(10_000_000);
      const error = await errorOf(call("remote", "long", { length: 70_000_000 }));
      expect(error).toMatchObject({ code: "connection_lost" });
      expect(await call("remote", "echo", { n: 1 })).toMatchObject({ n: 1 });
    }
  });

  test("that nobody serves is named, with the reason", async () => {
    const server = await serve();
    await server.close();
    const { call } = connections.open({ remote: { type: "http", url: server.url } });
    const error = await errorOf(call("remote", "echo"));
    expect(error).toMatchObject({ code: "server_unavailable", isTransient: true });
    expect(error.message).toContain("the MCP server remote cannot be reached: connect ECONNREFUSED");
  });

  test("is told when a call is taken back", async () => {
    const server = await serve();
    const { call, lines } = connections.open({ remote: { type: "http", url: server.url } });
    const stop = new AbortController();
    const file = `${connections.root}/calls`;
    const failed = errorOf(call("remote", "hang", { file }, { signal: stop.signal }));
    await until("the call", () => lines("calls").length === 1);
    stop.abort(new Error("enough"));
    expect((await failed).message).toBe("enough");
    await until("the server to know", () => lines("calls").includes("cancelled"));
  });
});

describe("a server of the older protocol", () => {
  test("answers, and is reached anew when its stream has broken off", async () => {
    const server = await serve({ isSse: true });
    const { call } = connections.open({ old: { type: "sse", url: server.url } });
    expect(await call("old", "echo", { n: 1 })).toMatchObject({ n: 1 });
    const failed = errorOf(call("old", "slow", { ms: 60_000 }));
    await until("the call", () => calls(server) === 2);
    server.cut();
    expect(await failed).toMatchObject({ code: "connection_lost", isTransient: true });
    expect(await call("old", "echo", { n: 2 })).toMatchObject({ n: 2 });
    expect(calls(server)).toBe(3);
  });
});

function eventStore(): EventStore {
  const events: { id: string; stream: string; message: Parameters<EventStore["storeEvent"]>[1] }[] = [];
  return {
    async storeEvent(stream, message) {
      const id = String(events.length);
      events.push({ id, stream, message });
      return id;
    },
    async replayEventsAfter(last, { send }) {
      const stream = events[Number(last)]?.stream ?? "";
      for (const { id, message } of events.slice(Number(last) + 1).filter((event) => event.stream === stream)) {
        await send(id, message);
      }
      return stream;
    },
  };
}
