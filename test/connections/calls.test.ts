import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { errorOf, stdioServer, useConnections } from "../helpers/connections/connections.ts";
import { until } from "../processes/project.ts";

const connections = useConnections();
const open = () => connections.open({ local: stdioServer() });

describe("what a tool answers", () => {
  test("is its structured content where there is some", async () => {
    expect(await open().call("local", "echo", { a: [1] })).toMatchObject({ a: [1] });
  });

  test("is its text otherwise, as data where it is an object or a list", async () => {
    const { call } = open();
    const say = (...texts: string[]) => call("local", "say", { texts });
    expect(await say("hello")).toBe("hello");
    expect(await say('{"n": 1}')).toEqual({ n: 1 });
    expect(await say(" [1, 2]")).toEqual([1, 2]);
    expect(await say("12")).toBe("12");
    expect(await say("[draft] of a letter")).toBe("[draft] of a letter");
    expect(await say()).toBeNull();
  });

  test("is all that it sent where that is more than a text, unless it is very large", async () => {
    const { call } = open();
    expect(await call("local", "say", { texts: ["a", "b"] })).toEqual({
      content: [
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ],
    });
    expect(await call("local", "image", { length: 8 })).toMatchObject({
      content: [{ type: "text" }, { type: "image", data: "AAAAAAAA", mimeType: "image/png" }],
    });
    const error = await errorOf(call("local", "image", { length: 16_000_000 }));
    expect(error).toMatchObject({
      code: "too_large",
      message: "the tool image answered with more than 10 MiB",
    });
    expect(await call("local", "long", { length: 10_000_000 })).toHaveLength(10_000_000);
    expect(await errorOf(call("local", "long", { length: 11_000_000 }))).toMatchObject({ code: "too_large" });
  });

  test("is a failure with the tool's words where it says so, or where the server refuses", async () => {
    const { call } = open();
    expect(await errorOf(call("local", "fail"))).toMatchObject({
      code: "tool_failed",
      isTransient: false,
      message: "the tool fail failed: no such repository\nlook again",
    });
    expect(await errorOf(call("local", "refuse"))).toMatchObject({
      code: "tool_failed",
      message: "the tool refuse failed: not today",
    });
  });
});

describe("a call", () => {
  test("is checked by what the tool takes, before it is made, without a word of what was given", async () => {
    const { call } = open();
    expect(await call("local", "strict", { owner: "us" })).toEqual({ owner: "us" });
    const error = await errorOf(call("local", "strict", { ovner: "hunter2-hunter2", count: "many" }));
    expect(error).toMatchObject({ code: "invalid_input", hint: 'Did you mean "owner"?' });
    expect(error.message).toContain('the field "owner" is missing');
    expect(error.message).toContain('the field "ovner" is unknown');
    expect(error.message).toContain("count: must be integer");
    expect(JSON.stringify([error.message, error["hint"], error["details"]])).not.toContain("hunter2");
  });

  test("of a tool that is not there names the nearest, and of a server as well", async () => {
    const { call } = open();
    expect(await errorOf(call("local", "ecko"))).toMatchObject({
      code: "not_found",
      message: 'the MCP server local has no tool "ecko"',
      hint: expect.stringMatching(/^Did you mean "echo"\? It has echo, measure, environment,/) as string,
    });
    expect(await errorOf(call("locale", "echo"))).toMatchObject({
      code: "not_found",
      message: 'there is no MCP server "locale"',
      hint: 'Did you mean "local"? Servers are configured in .mcp.json in the project\'s root, or under mcpServers in savepoint.config.json.',
    });
  });

  test("sees tools that come later, whether or not the server says so", async () => {
    const { call, listTools } = open();
    await call("local", "grow", { name: "announced" });
    await until("the news", async () => (await listTools("local")).some(({ name }) => name === "announced"));
    await call("local", "grow", { name: "quiet", quietly: true });
    expect(await call("local", "quiet")).toBe("new");
  });

  test("is taken back when its signal fires, at once", async () => {
    const { call, lines } = open();
    await call("local", "echo");
    const file = `${connections.root}/calls`;
    const stop = new AbortController();
    const failed = errorOf(call("local", "hang", { file }, { signal: stop.signal }));
    await until("the call", () => lines("calls").length === 1);
    const reason = new Error("enough");
    stop.abort(reason);
    expect(await failed).toBe(reason);
    await until("the server to know", () => lines("calls").includes("cancelled"));
    expect(await errorOf(call("local", "echo", {}, { signal: stop.signal }))).toBe(reason);
  });

  test("is taken back while its server starts, which is then there for others", async () => {
    const { call } = open();
    const stop = new AbortController();
    const failed = errorOf(call("local", "echo", {}, { signal: stop.signal }));
    const other = call("local", "echo", { n: 2 });
    stop.abort(new Error("enough"));
    expect((await failed).message).toBe("enough");
    expect(await other).toMatchObject({ n: 2 });
  });

  test("leaves nothing that a later abort could take back", async () => {
    const { call } = open();
    const stop = new AbortController();
    await call("local", "echo", {}, { signal: stop.signal });
    stop.abort();
    expect(await call("local", "echo", { n: 1 })).toMatchObject({ n: 1 });
  });

  test("has a limit where one is given, or its server's entry has one", async () => {
    const { call } = connections.open({ local: stdioServer(), brief: { ...stdioServer(), timeout: 300 } });
    const expected = { code: "timeout", isTransient: true };
    expect(await errorOf(call("local", "slow", { ms: 60_000 }, { timeoutMs: 200 }))).toMatchObject(expected);
    expect(await errorOf(call("brief", "slow", { ms: 60_000 }))).toMatchObject(expected);
    expect(await call("brief", "echo", { n: 1 })).toMatchObject({ n: 1 });
  });

  test("tells how it goes on, where the caller stands", async () => {
    const storage = new AsyncLocalStorage<string>();
    const { call } = open();
    const seen: unknown[] = [];
    const onProgress = (progress: unknown) => seen.push([storage.getStore(), progress]);
    await storage.run("first", () => call("local", "echo"));
    await storage.run("second", () => call("local", "slow", {}, { onProgress }));
    expect(seen).toEqual([1, 2, 3].map((n) => ["second", { progress: n, total: 3, message: `part ${n}` }]));
  });

  test("carries what is to go with it", async () => {
    const meta = { "savepoint/idempotencyKey": "k-1" };
    expect(await open().call("local", "echo", {}, { meta })).toMatchObject({ meta });
  });

  test("offers the server nothing to ask for", async () => {
    expect(await open().call("local", "ask")).toEqual({
      answer: expect.stringContaining("not") as string,
      capabilities: {},
    });
  });
});
