import { describe, expect, test } from "vitest";
import { errorOf, isRunning, stdioServer, useConnections } from "../helpers/connections/connections.ts";
import { until } from "../processes/project.ts";

const connections = useConnections();

/** What is wrong with an entry. */
function problemWith(entry: unknown, env: NodeJS.ProcessEnv = {}): Promise<Error & Record<string, unknown>> {
  const { serverEntry } = connections.open({ one: entry }, { env });
  return errorOf((async () => serverEntry("one"))());
}

describe("the configuration of servers", () => {
  test("is .mcp.json in the project, before which comes what the project's own configuration says", async () => {
    const own = { ...stdioServer(), env: { FROM: "own" } };
    const { serverNames, call } = connections.open(
      { both: { ...stdioServer(), env: { FROM: "file" } }, shared: stdioServer() },
      { servers: { both: own, alone: stdioServer() } },
    );
    expect(serverNames()).toEqual(["alone", "both", "shared"]);
    expect(await call("both", "environment")).toMatchObject({ FROM: "own" });
  });

  test("may be missing", async () => {
    const { serverNames, call } = connections.open();
    expect(serverNames()).toEqual([]);
    expect(await errorOf(call("any", "echo"))).toMatchObject({
      code: "not_found",
      hint: expect.stringContaining("None is there. Servers are configured in .mcp.json") as string,
    });
  });

  test("has variables of the environment filled in, with defaults", () => {
    const url = `https://\${HOST:-example.org}/\${VERSION:-v1}/mcp`;
    const remote = { type: "http", url, headers: { "X-Key": `\${API_KEY}`, "X-Empty": `\${EMPTY}\${NOT_SET:-}` } };
    const { serverEntry } = connections.open({ remote }, { env: { HOST: "localhost", API_KEY: "k", EMPTY: "" } });
    const { written, filledIn, variables } = serverEntry("remote");
    expect(written).toEqual(remote);
    expect(filledIn).toEqual({
      type: "http",
      url: "https://localhost/v1/mcp",
      headers: { "X-Key": "k", "X-Empty": "" },
    });
    expect(variables.sort()).toEqual(["API_KEY", "EMPTY", "HOST"]);
  });

  test("hands the master key to no one", async () => {
    const error = await problemWith(
      { command: "x", args: [`\${SAVEPOINT_MASTER_KEY}`] },
      { SAVEPOINT_MASTER_KEY: "k3y" },
    );
    expect(error.message).toBe(".mcp.json: mcpServers.one.args[0]: the variable SAVEPOINT_MASTER_KEY is not set");
  });

  test("names the field that is wrong", async () => {
    const problems = [
      [
        { command: "x", env: { KEY: `\${NOT_SET}` } },
        ".mcp.json: mcpServers.one.env.KEY: the variable NOT_SET is not set",
      ],
      [{ command: 7 }, "mcpServers.one.command: must be the program to start"],
      [{}, "mcpServers.one.command: must be the program to start"],
      [{ command: "x", args: "y" }, "mcpServers.one.args: must be a list of texts"],
      [{ type: "htp", url: "http://x" }, "mcpServers.one.type: must be one of stdio, http, sse, streamable-http"],
      [{ type: "http" }, "mcpServers.one.url: must be an address"],
      [{ url: "file:///etc/passwd" }, "mcpServers.one.url: must be an address that begins with http:// or https://"],
      [{ url: "https://me:pass@x" }, "mcpServers.one.url: must not hold a name or password"],
      [{ url: "http://x", headers: { "X-A": "a\nb" } }, "mcpServers.one.headers.X-A: cannot be sent as a header"],
      ["npx server", "mcpServers.one: "],
    ] as const;
    for (const [entry, message] of problems) {
      const error = await problemWith(entry);
      expect(error.message).toContain(message);
      expect(error).toMatchObject({ code: "invalid_input" });
    }
    expect(await problemWith({ type: "htp", url: "http://x" })).toMatchObject({ hint: 'Did you mean "http"?' });
  });

  test("with a wrong entry spoils no other", async () => {
    const { call, serverNames } = connections.open({ wrong: { command: 7 }, right: stdioServer(), __proto__: {} });
    expect(serverNames()).toEqual(["right", "wrong"]);
    expect(await call("right", "echo", { n: 1 })).toMatchObject({ n: 1 });
  });

  test("that is no JSON is an error that shows nothing of it, and spoils nothing of the project's own", async () => {
    const { call, write } = connections.open({}, { servers: { own: stdioServer() } });
    write(".mcp.json", '{ "mcpServers": { "a": { "env": { "KEY": "s3cr3t-value" } }, ');
    const error = await errorOf(call("a", "echo"));
    expect(error).toMatchObject({ code: "invalid_input", hint: "Mend .mcp.json in the project's root." });
    expect(error.message).toMatch(/^\.mcp\.json cannot be used: it is not JSON/);
    expect(error.message).not.toContain("s3cr3t");
    expect(await call("own", "echo", { n: 1 })).toMatchObject({ n: 1 });
  });

  test("is read again when it changes: calls that are under way end, others meet the new server", async () => {
    const { call, configure } = connections.open({ local: { ...stdioServer(), env: { EDITION: "first" } } });
    const { pid } = (await call("local", "echo")) as { pid: number };
    const last = call("local", "slow", { ms: 1_000 });
    configure({ local: { ...stdioServer(), env: { EDITION: "second" } } });
    expect(await call("local", "environment")).toMatchObject({ EDITION: "second" });
    expect(isRunning(pid)).toBe(true);
    expect(await last).toBe("done");
    await until("the former server to be gone", () => !isRunning(pid));
    configure({});
    expect(await errorOf(call("local", "echo"))).toMatchObject({ code: "not_found" });
  });
});
