import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { operationsOfGroups } from "../../src/tools/groups.ts";
import { flowFile } from "../tools/project.ts";
import { json, type TestRequest, TestServer } from "./server.ts";

const napFlow = flowFile(`export const nap = flow("nap", async () => { await sleep(1_500); return "rested"; });`);

let server: TestServer;
let now: number;
beforeEach(async () => {
  now = 0;
  server = await TestServer.open({
    files: {
      "flows/nap.ts": napFlow,
      "savepoint.config.json": JSON.stringify({ http: { max_body_bytes: 2_000, max_sessions: 3 } }),
    },
    sessions: { now: () => now, idleMs: 20_000_000 },
  });
});
afterEach(() => server.close());

const accept = "application/json, text/event-stream";
const hello = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
};
const list = { jsonrpc: "2.0", id: 2, method: "tools/list" };

function post(message: unknown, session?: string, more: TestRequest = {}): Promise<Response> {
  const init = json(message);
  const headers = { ...init.headers, accept, ...(session !== undefined && { "mcp-session-id": session }) };
  return server.request("/mcp", { ...init, headers, ...more });
}

async function open(): Promise<string> {
  const response = await post(hello);
  expect(response.status).toBe(200);
  await response.text();
  return response.headers.get("mcp-session-id") ?? "";
}

async function answerOf(response: Response): Promise<{ result?: Record<string, unknown>; error?: object }> {
  const text = await response.text();
  return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text);
}

async function refusal(response: Promise<Response>) {
  const { status, headers, body } = await response.then(async (one) => ({
    status: one.status,
    headers: one.headers,
    body: (await one.json()) as object,
  }));
  return { status, headers, body };
}

describe("a session", () => {
  test("is begun with initialize, and lists and calls the tools", async () => {
    const session = await open();
    expect(session).toMatch(/^[0-9a-f-]{36}$/);
    expect((await post({ jsonrpc: "2.0", method: "notifications/initialized" }, session)).status).toBe(202);
    const { result } = await answerOf(await post(list, session));
    expect(result?.["tools"]).toHaveLength(operationsOfGroups().length);
    const call = { jsonrpc: "2.0", id: 3, method: "tools/call", params: { name: "status", arguments: {} } };
    const status = await answerOf(await post(call, session));
    expect(status.result).toMatchObject({ structuredContent: { version: "0.1.0" } });
  });

  test("ends with DELETE, and is unknown from then on", async () => {
    const session = await open();
    const headers = { "mcp-session-id": session };
    expect((await server.request("/mcp", { method: "DELETE", headers })).status).toBe(200);
    expect(server.sessions.size).toBe(0);
    expect((await post(list, session)).status).toBe(404);
    expect((await server.request("/mcp", { method: "DELETE", headers })).status).toBe(404);
  });

  test("that nobody knows is answered with 404, so that the client begins anew", async () => {
    const { status, body } = await refusal(post(list, "11111111-1111-4111-8111-111111111111"));
    expect(status).toBe(404);
    expect(body).toMatchObject({ jsonrpc: "2.0", id: 2, error: { code: -32001 } });
  });

  test("is open to whoever opened it alone", async () => {
    const session = await open();
    const request = new Request("http://127.0.0.1/mcp", { headers: { "mcp-session-id": session, accept } });
    const stranger = await server.sessions.handle({ request, principal: "somebody else" });
    expect(stranger.status).toBe(404);
  });

  test("is not begun by a message that is no initialize", async () => {
    for (const message of [list, [list], 7, null]) {
      const { status, body } = await refusal(post(message));
      expect(status).toBe(400);
      expect(body).toMatchObject({ error: { message: expect.stringContaining("Mcp-Session-Id") } });
    }
    for (const method of ["GET", "DELETE"]) {
      expect((await server.request("/mcp", { method, headers: { accept } })).status).toBe(400);
    }
    expect(server.sessions.size).toBe(0);
  });

  test("is not begun by an initialize that the transport refuses", async () => {
    const init = json(hello);
    const response = await server.request("/mcp", { ...init, headers: { ...init.headers, accept: "text/html" } });
    expect(response.status).toBe(406);
    expect(server.sessions.size).toBe(0);
  });
});

test("a client of a newer protocol, which asks without a session, learns that the method is unknown", async () => {
  const probe = { jsonrpc: "2.0", id: "probe", method: "server/discover", params: {} };
  const { status, body } = await refusal(post(probe));
  expect(status).toBe(400);
  expect(body).toMatchObject({ jsonrpc: "2.0", id: "probe", error: { code: -32601 } });
});

describe("a message is refused as JSON-RPC has it", () => {
  const send = (init: TestRequest) => refusal(server.request("/mcp", { ...json({}), ...init }));

  test.each(["{", "", "not json"])("when it is %j", async (body) => {
    const headers = { "content-type": "application/json", accept };
    const answer = await send({ body, headers });
    expect(answer).toMatchObject({ status: 400, body: { jsonrpc: "2.0", id: null, error: { code: -32700 } } });
  });

  test("when it is too long", async () => {
    const answer = await refusal(post({ ...hello, padding: "x".repeat(3_000) }));
    expect(answer).toMatchObject({ status: 413, body: { error: { code: -32000, data: { code: "too_large" } } } });
  });

  test("when it is declared as something else", async () => {
    const answer = await send({ headers: { "content-type": "text/plain", accept } });
    expect(answer).toMatchObject({ status: 415, body: { error: { data: { code: "unsupported" } } } });
  });
});

describe("at the limit of sessions", () => {
  test("a newcomer is refused while the others were in use a moment ago", async () => {
    for (let n = 0; n < 3; n++) await open();
    now += 59_000;
    const { status, headers, body } = await refusal(post(hello));
    expect([status, headers.get("retry-after")]).toEqual([503, "60"]);
    expect(body).toMatchObject({ id: 1, error: { code: -32000, message: expect.stringContaining("all 3 sessions") } });
    expect((await server.request("/health")).status).toBe(200);
    expect((await server.request("/api/status")).status).toBe(200);
  });

  test("newcomers at the same time get exactly the places that there are", async () => {
    const statuses = async (count: number) => {
      const responses = await Promise.all(Array.from({ length: count }, () => post(hello)));
      await Promise.all(responses.map((response) => response.text()));
      return responses.map(({ status }) => status).toSorted();
    };
    expect(await statuses(5)).toEqual([200, 200, 200, 503, 503]);
    now += 61_000;
    expect(await statuses(4)).toEqual([200, 200, 200, 503]);
    expect(server.sessions.size).toBe(3);
  });

  test("the one that has been idle longest makes room", async () => {
    const [first, second] = [await open(), await open()];
    now += 1_000;
    const third = await open();
    now += 61_000;
    await (await post(list, first)).text();
    await open();
    expect((await post(list, second)).status).toBe(404);
    for (const session of [first, third]) {
      const response = await post(list, session);
      expect(response.status).toBe(200);
      await response.text();
    }
  });

  test("one with an open stream or a call in flight stays", async () => {
    const sessions = [await open(), await open(), await open()];
    const [streaming = "", calling = "", idle = ""] = sessions;
    const stream = await server.request("/mcp", { headers: { accept, "mcp-session-id": streaming } });
    expect(stream.status).toBe(200);
    const params = { name: "executions_run", arguments: { target: "nap", wait_seconds: 20 } };
    const call = await post({ jsonrpc: "2.0", id: 9, method: "tools/call", params }, calling);
    // The client leaves, but its call still waits.
    await call.body?.cancel();
    now += 61_000;
    await open();
    expect((await post(list, idle)).status).toBe(404);
    expect((await post(hello)).status).toBe(503);
    await stream.body?.cancel();
    now += 61_000;
    await open();
    expect((await post(list, streaming)).status).toBe(404);
  });
});

test("sessions that nobody uses end by themselves", async () => {
  const other = await TestServer.open({ sessions: { idleMs: 60 } });
  const init = json(hello);
  const request = () => other.request("/mcp", { ...init, headers: { ...init.headers, accept } });
  const idle = await request();
  await idle.text();
  const used = (await request()).headers.get("mcp-session-id") ?? "";
  const stream = await other.request("/mcp", { headers: { accept, "mcp-session-id": used } });
  expect(other.sessions.size).toBe(2);
  await vi.waitUntil(() => other.sessions.size === 1, { timeout: 5_000 });
  expect(stream.status).toBe(200);
  await other.close();
  expect(await stream.text()).toBe("");
});

test("a server that closes answers the calls in flight and ends all streams", async () => {
  const session = await open();
  const stream = await server.request("/mcp", { headers: { accept, "mcp-session-id": session } });
  const params = { name: "executions_run", arguments: { target: "nap", wait_seconds: 40 } };
  const call = await post({ jsonrpc: "2.0", id: 9, method: "tools/call", params }, session);
  await new Promise((resolve) => setTimeout(resolve, 400));
  server.closing.abort();
  await server.sessions.close();
  expect((await answerOf(call)).result).toMatchObject({ structuredContent: { workflow: "nap", result: null } });
  expect(await stream.text()).toBe("");
  expect(server.sessions.size).toBe(0);
});
