import { describe, expect, test } from "vitest";
import { checkCaller } from "../../src/http/callers.ts";

const rules = {
  boundHost: "192.168.7.7",
  allowedHosts: ["flows.example"],
  allowedOrigins: ["https://console.example"],
};

function problem(headers: Record<string, string>): unknown {
  try {
    checkCaller(new Headers(headers), rules);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("a request", () => {
  test.each(["localhost", "LOCALHOST:80", "127.0.0.1:7420", "[::1]:7420", "192.168.7.7:7420", "flows.example:443"])(
    "may call the server by the name %s",
    (host) => {
      expect(problem({ host })).toBeUndefined();
    },
  );

  test.each([
    "evil.example",
    "evil.example:7420",
    "127.0.0.1.evil.example",
    "evil@localhost",
    "localhost/../evil",
    "localhost.",
    "localhost:99999999",
    "127.0.0.2",
    "localhost, evil.example",
    "",
  ])("may not call it by the name %j", (host) => {
    expect(problem({ host })).toMatchObject({
      code: "forbidden",
      status: 403,
      hint: expect.stringContaining("http.allowed_hosts"),
    });
  });

  test.each([
    "http://localhost:3000",
    "https://127.0.0.1",
    "http://[::1]:8080",
    "http://flows.example",
    "https://console.example",
    "HTTPS://CONSOLE.EXAMPLE",
  ])("may come from a page of %s", (origin) => {
    expect(problem({ host: "localhost", origin })).toBeUndefined();
  });

  test.each([
    "null",
    "https://evil.example",
    "http://console.example",
    "https://console.example:8443",
    "http://localhost.evil.example",
    "http://evil@localhost",
    "file://localhost",
    "http://localhost/path",
    "",
  ])("may not come from a page of %j", (origin) => {
    expect(problem({ host: "localhost", origin })).toMatchObject({
      code: "forbidden",
      status: 403,
      hint: expect.stringContaining("http.allowed_origins"),
    });
  });
});
