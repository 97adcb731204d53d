import { realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readConfig } from "../../src/config.ts";
import { temporaryFolder } from "../helpers/engine.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function read(http: object, env: NodeJS.ProcessEnv = {}) {
  writeFileSync(join(folder.path, "savepoint.config.json"), JSON.stringify({ http }));
  return readConfig({ project: realpathSync(folder.path), env }).http;
}

test("without settings the server keeps to itself", () => {
  expect(read({})).toEqual({
    port: 7_420,
    allowedHosts: [],
    allowedOrigins: [],
    maxBodyBytes: 16 * 1024 * 1024,
    maxSessions: 100,
    sessionIdleMs: 1_800_000,
    maxStreams: 200,
  });
});

test("names and origins are compared without regard to case", () => {
  const settings = read({
    allowed_hosts: ["Flows.Example", "[FE80::1]"],
    allowed_origins: ["HTTPS://Console.Example:8443"],
  });
  expect(settings.allowedHosts).toEqual(["flows.example", "[fe80::1]"]);
  expect(settings.allowedOrigins).toEqual(["https://console.example:8443"]);
});

test("a variable holds a list with commas", () => {
  const env = { SAVEPOINT_HTTP_ALLOWED_HOSTS: "a.example, b.example", SAVEPOINT_HTTP_PORT: "0" };
  expect(read({ allowed_hosts: ["c.example"] }, env)).toMatchObject({
    allowedHosts: ["a.example", "b.example"],
    port: 0,
  });
});

test.each([
  [{ allowed_hosts: ["http://flows.example"] }, "http.allowed_hosts.0"],
  [{ allowed_hosts: ["flows.example:80"] }, "http.allowed_hosts.0"],
  [{ allowed_hosts: ["*"] }, "http.allowed_hosts.0"],
  [{ allowed_origins: ["https://console.example/"] }, "http.allowed_origins.0"],
  [{ allowed_origins: ["null"] }, "http.allowed_origins.0"],
  [{ port: 70_000 }, "http.port"],
  [{ session_idle: "soon" }, "http.session_idle"],
  [{ max_sessions: 0 }, "http.max_sessions"],
])("%j is refused by the name of its field", (http, field) => {
  expect(() => read(http)).toThrowError(expect.objectContaining({ message: expect.stringContaining(field) }));
});
