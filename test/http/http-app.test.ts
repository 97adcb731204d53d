import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routes } from "../../src/http/routes.ts";
import { json, TestServer } from "./server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.open();
});
afterAll(() => server.close());

describe("without the token", () => {
  test("only /health answers", async () => {
    const health = await server.request("/health", { headers: { authorization: null } });
    expect(health.status).toBe(200);
    expect(await health.json()).toEqual({ status: "ok", version: "0.1.0" });
    for (const path of ["/", "/ready", "/api", "/api/openapi.json", "/api/status", "/mcp", "/nowhere"]) {
      const answer = await server.error(path, { headers: { authorization: null } });
      expect(answer, path).toMatchObject({ status: 401, code: "unauthorized" });
    }
  });

  test.each(["Bearer wrong", "Bearer ", "Basic dXNlcjpwYXNz", "wrong", ""])(
    "the header %j is refused with what to send",
    async (authorization) => {
      const response = await server.request("/api/status", { headers: { authorization } });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
      expect(await response.json()).toEqual({
        error: {
          code: "unauthorized",
          message: expect.any(String),
          hint: expect.stringContaining("Authorization: Bearer"),
          details: null,
        },
      });
    },
  );

  test.each(["token", "access_token", "api_key"])("a right one in the query as %s is refused", async (name) => {
    const path = `/api/status?${name}=${server.token}`;
    for (const headers of [{ authorization: null }, {}]) {
      const error = await server.error(path, { headers });
      expect(error).toMatchObject({ status: 401, message: expect.stringContaining(`(${name})`) });
      expect(JSON.stringify(error)).not.toContain(server.token);
    }
  });
});

describe("a caller that may not call at all", () => {
  test.each(["/health", "/api/status", "/mcp", "/nowhere"])(
    "is refused on %s before its token is looked at",
    async (path) => {
      const badHost = await server.error(path, { headers: { host: "evil.example", authorization: null } });
      expect(badHost).toMatchObject({ status: 403, code: "forbidden" });
      const badOrigin = await server.error(path, { headers: { origin: "null" } });
      expect(badOrigin).toMatchObject({ status: 403, code: "forbidden" });
    },
  );

  test("learns nothing from a preflight request", async () => {
    const headers = { origin: "https://evil.example", "access-control-request-method": "POST" };
    const response = await server.request("/api/executions/run", { method: "OPTIONS", headers });
    expect(response.status).toBe(403);
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("routes", () => {
  test("are all there", async () => {
    for (const { method, path } of routes) {
      const response = await server.request(path.replace("{execution_id}", "none"), { method });
      expect(response.status, `${method} ${path}`).not.toBe(405);
      expect(await response.text(), `${method} ${path}`).not.toContain("there is no route");
    }
  });

  test("are listed by GET /api", async () => {
    const { routes: listed } = await server.get<{ routes: object[] }>("/api");
    expect(listed).toContainEqual({ method: "POST", path: "/api/executions/run", summary: "Run a workflow" });
    expect(listed).toHaveLength(routes.length);
  });

  test.each([
    ["/api/executions/lst", "/api/executions/list"],
    ["/api/executions_run", "/api/executions/run"],
    ["/mcp/", "/mcp"],
    ["/healthz", "/health"],
  ])("that do not exist, such as %s, are answered with the nearest", async (path, near) => {
    const error = await server.error(path);
    expect(error).toMatchObject({
      status: 404,
      code: "not_found",
      hint: expect.stringContaining(`Did you mean ${near}?`),
    });
  });

  test.each([
    ["GET", "/api/executions/run", "POST"],
    ["DELETE", "/api/executions/list", "GET, POST"],
    ["HEAD", "/api/executions/x/stream", "GET"],
    ["PUT", "/mcp", "POST, GET, DELETE"],
    ["POST", "/health", "GET"],
  ])("refuse %s %s, and say what they take", async (method, path, allow) => {
    const response = await server.request(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe(allow);
  });
});

test("nothing that is answered may be kept by a cache", async () => {
  for (const path of ["/health", "/api/status", "/nowhere"]) {
    expect((await server.request(path)).headers.get("cache-control")).toBe("no-store");
  }
});

describe("a server that is about to end", () => {
  test("refuses what is new, and still says that it lives", async () => {
    const other = await TestServer.open();
    other.closing.abort();
    for (const path of ["/api/status", "/ready", "/mcp"]) {
      expect(await other.error(path, path === "/mcp" ? json({}) : {}), path).toMatchObject({
        status: 503,
        code: "unavailable",
      });
    }
    const health = await other.request("/health");
    expect([health.status, health.headers.get("connection")]).toEqual([200, "close"]);
    await other.close();
  });
});
