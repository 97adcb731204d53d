import { once } from "node:events";
import { chmodSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openClient } from "../../src/client/client.ts";
import { callTool } from "../mcp/client.ts";
import { ended, exit, processesOf, TestProject, until } from "../processes/project.ts";
import { launch, type RunningServer, startServer } from "./process.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
  project.flow(
    "review",
    `const draft = checkpoint("draft", async (topic: string) => { console.log("loud"); return "Draft for " + topic; });
     export const review = flow("review", async ({ topic }: { topic: string }) => {
       const text = await draft(topic);
       return (await wait({ name: "approve" })) ? text : "Rejected";
     });`,
  );
  project.flow("nap", `export const nap = flow("nap", async () => { await sleep(1_500); return "rested"; });`);
});
afterEach(() => project.close());

const json = (body: unknown) => ({ method: "POST", body: JSON.stringify(body) });
const typed = { "content-type": "application/json" };

async function api<T = Record<string, unknown>>(server: RunningServer, path: string, body?: unknown): Promise<T> {
  const init = body === undefined ? {} : json(body);
  const response = await fetch(`${server.url}/api/${path}`, {
    ...init,
    headers: { ...typed, ...server.authorization },
  });
  return (await response.json()) as T;
}

/** Sends this, and is gone as soon as something comes back, or soon after. */
async function vanish(port: number, text: string): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.once("data", () => socket.destroy());
  socket.setTimeout(50, () => socket.destroy());
  socket.write(text);
  await once(socket, "close");
}

describe("the start", () => {
  test("tells people all they need, the token among it", async () => {
    const { child, output } = launch(project, "--port", "0");
    await until("the announcement", () => output.stdout.includes("Ctrl-C"));
    const [token = ""] = project.lines(".savepoint/token");
    const url = /URL +(\S+)/.exec(output.stdout)?.[1];
    expect(output.stdout).toContain(
      `claude mcp add --transport http savepoint ${url}/mcp --header "Authorization: Bearer ${token}"`,
    );
    const block = JSON.parse(/^ {2}\{[\s\S]*?^ {2}\}$/m.exec(output.stdout)?.[0] ?? "");
    expect(block).toEqual({
      mcpServers: { savepoint: { type: "http", url: `${url}/mcp`, headers: { Authorization: `Bearer ${token}` } } },
    });
    child.kill("SIGTERM");
    expect(await exit(child)).toBe(0);
    expect(output.stderr).toBe("");
  });

  test("tells programs the same in one line, without the token", async () => {
    const { child, output } = launch(project, "--port", "0", "--output", "json");
    await until("the line", () => output.stdout.includes("\n"));
    const line = JSON.parse(output.stdout);
    expect(line).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      mcp_url: `${line.url}/mcp`,
      token_file: project.path(".savepoint/token"),
      pid: child.pid,
      worker: "embedded",
    });
    expect(output.stdout).not.toContain(project.lines(".savepoint/token")[0]);
  });

  test("is refused on a port that is taken, with what to do", async () => {
    const { port } = await startServer(project);
    const { child, output } = launch(project, "--port", String(port));
    expect(await exit(child)).toBe(1);
    expect(output.stderr).toContain(`port ${port} of 127.0.0.1 is taken`);
    expect(output.stderr).toContain("--port 0");
  });

  test.each([
    [["--port", "70000"], "65535"],
    [["--port", "http"], "65535"],
    [["--host", "", "--port", "0"], "an empty address is no address of this machine"],
    [["--host", "192.0.2.1", "--port", "0"], "192.0.2.1 is no address of this machine"],
  ])("with %j is refused", async (args, message) => {
    const { child, output } = launch(project, ...args);
    expect(await exit(child)).toBe(2);
    expect(output.stderr).toContain(message);
  });

  test("on all addresses warns that nothing is encrypted", async () => {
    const server = await startServer(project, "--host", "0.0.0.0");
    expect(server.said()).toContain("not encrypted");
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  test("of two servers at once makes one token, and each calls the same project", async () => {
    const [one, two] = await Promise.all([startServer(project), startServer(project)]);
    expect(one.token).toBe(two.token);
    const { execution_id: id } = await api<{ execution_id: string }>(one, "executions/run", {
      target: "nap",
      wait_seconds: 0,
    });
    const done = await api(two, "executions/get", { execution_id: id, wait_seconds: 20 });
    expect(done).toMatchObject({ status: "completed", result: "rested" });
    expect(await api(one, "status")).toMatchObject({ workers_alive: 2 });
  });
});

describe("the token", () => {
  test("is for its owner's eyes alone, and the same after a restart", async () => {
    const first = await startServer(project);
    const path = project.path(".savepoint/token");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    first.child.kill("SIGKILL");
    await exit(first.child);
    chmodSync(path, 0o640);
    const second = await startServer(project);
    expect(second.token).toBe(first.token);
    expect(second.said()).toContain("could be read by others");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("opens everything, and nothing else does", async () => {
    const { url, token, authorization, said } = await startServer(project);
    const status = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`${url}${path}`, { headers })).status;
    expect(await status("/api/status", authorization)).toBe(200);
    expect(await status("/api/status")).toBe(401);
    expect(await status("/api/status", { authorization: "Bearer wrong" })).toBe(401);
    expect(await status(`/api/status?access_token=${token}`)).toBe(401);
    expect(await status("/ready", authorization)).toBe(200);
    expect(await status("/health")).toBe(200);
    expect(said()).toBe("");
  });
});

describe("on the socket", () => {
  test("another Host or Origin is refused", async () => {
    const { port, authorization, url, raw } = await startServer(project);
    const status = await new Promise<number>((resolve, reject) => {
      const sent = request(
        { port, path: "/api/status", headers: { ...authorization, host: "evil.example" } },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        },
      );
      sent.on("error", reject);
      sent.end();
    });
    expect(status).toBe(403);
    const headers = { ...authorization, origin: "https://evil.example" };
    expect((await fetch(`${url}/api/status`, { headers })).status).toBe(403);
    const twice = await raw(
      "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    );
    expect(twice).toMatch(/^HTTP\/1\.1 40[03] /);
    expect(await raw("GET /health HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"invalid_input"/);
    expect(
      await raw("GET http://evil@localhost:1/health HTTP/1.1\r\nHost: evil@localhost\r\nConnection: close\r\n\r\n"),
    ).toMatch(/^HTTP\/1\.1 40[03] /);
  });

  test.each([
    ["garbage", "\u0000\u0001 what is this\r\n\r\n", 400],
    ["a TLS greeting", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000", 400],
    ["headers without end", `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(40_000)}\r\n\r\n`, 431],
  ])("%s is answered in words, and the server lives on", async (_, text, status) => {
    const { raw, url } = await startServer(project);
    const answer = await raw(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toMatchObject({ error: { hint: expect.any(String) } });
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test("a body that is too large is refused before it has arrived", async () => {
    project.write("savepoint.config.json", JSON.stringify({ http: { max_body_bytes: 100_000 } }));
    const { url, port, authorization } = await startServer(project);
    const headers = { ...typed, ...authorization };
    const declared = await fetch(`${url}/api/status`, { ...json({ x: "x".repeat(200_000) }), headers });
    expect(declared.status).toBe(413);
    for (const path of ["/api/status", "/mcp"]) {
      const status = await new Promise<number>((resolve, reject) => {
        const sent = request({ port, path, method: "POST", headers }, (answer) => {
          resolve(answer.statusCode ?? 0);
          sent.destroy();
        });
        sent.on("error", reject);
        // Never ended: only what has arrived can be judged.
        sent.write("x".repeat(150_000));
      });
      expect(status, path).toBe(413);
    }
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test("broken JSON is told as such", async () => {
    const { url, authorization } = await startServer(project);
    const send = async (path: string) => {
      const init = { method: "POST", body: "{", headers: { ...typed, ...authorization } };
      const response = await fetch(`${url}${path}`, init);
      return { status: response.status, body: (await response.json()) as object };
    };
    expect(await send("/api/executions/list")).toMatchObject({
      status: 400,
      body: { error: { code: "invalid_input" } },
    });
    expect(await send("/mcp")).toMatchObject({ status: 400, body: { error: { code: -32700 } } });
  });

  test("clients that leave in the middle of a body or a stream leave nothing behind, not even in the log", async () => {
    project.write("savepoint.config.json", JSON.stringify({ http: { max_streams: 3 } }));
    const server = await startServer(project);
    const { execution_id: id } = await api<{ execution_id: string }>(server, "executions/run", {
      target: "review",
      input: { topic: "tea" },
      wait_seconds: 10,
    });
    const head = `Host: localhost\r\nAuthorization: Bearer ${server.token}\r\n`;
    const body = `Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"a"`;
    for (let n = 0; n < 10; n++) {
      await vanish(server.port, `GET /api/executions/${id}/stream HTTP/1.1\r\n${head}\r\n`);
      await vanish(server.port, `POST /api/executions/run HTTP/1.1\r\n${head}${body}`);
    }
    await until("the places of the streams", async () => {
      const stream = await fetch(`${server.url}/api/executions/${id}/stream`, { headers: server.authorization });
      await stream.body?.cancel();
      return stream.status === 200;
    });
    expect(server.said()).toBe("");
  });

  test("a client that leaves in the middle of a call leaves the execution alone", async () => {
    const server = await startServer(project);
    const leaving = new AbortController();
    const init = { ...json({ target: "nap", wait_seconds: 40 }), headers: { ...typed, ...server.authorization } };
    const call = fetch(`${server.url}/api/executions/run`, { ...init, signal: leaving.signal });
    call.catch(() => {});
    const app = await project.open();
    const find = async () =>
      (await api<{ items: { execution_id: string }[] }>(server, "executions/list")).items[0]?.execution_id;
    const id = await until("the execution", find);
    leaving.abort();
    await expect(call).rejects.toThrow();
    expect(await ended(app, id)).toMatchObject({ status: "completed" });
    expect(server.said()).toBe("");
  });
});

describe("MCP", () => {
  async function client(server: RunningServer): Promise<Client> {
    const one = new Client({ name: "test", version: "1.0.0" });
    const transport = new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), {
      requestInit: { headers: server.authorization },
    });
    await one.connect(transport as Parameters<Client["connect"]>[0]);
    return one;
  }

  test("works with the SDK's client, whatever user code prints", async () => {
    const server = await startServer(project);
    const one = await client(server);
    expect((await one.listTools()).tools.length).toBeGreaterThan(10);
    const run = await callTool(one, "executions_run", { target: "review", input: { topic: "tea" }, wait_seconds: 20 });
    expect(run.structured).toMatchObject({ status: "waiting" });
    const id = run.structured?.["execution_id"];
    const answered = await callTool(one, "executions_input", { execution_id: id, value: true, wait_seconds: 20 });
    expect(answered.structured).toMatchObject({ status: "completed", result: "Draft for tea" });
    const logs = await callTool(one, "executions_logs", { execution_id: id });
    expect(logs.structured).toMatchObject({ items: [{ message: "loud" }] });
    await one.close();
  });

  test("refuses the session that is one too many, and everything else goes on", async () => {
    const server = await startServer(project);
    const hello = {
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
    };
    const headers = { ...typed, ...server.authorization, accept: "application/json, text/event-stream" };
    const open = () => fetch(`${server.url}/mcp`, { ...json(hello), headers });
    const responses = await Promise.all(Array.from({ length: 100 }, open));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    await Promise.all(responses.map((response) => response.text()));
    const refused = await open();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "60"]);
    expect(await refused.json()).toMatchObject({
      error: { message: expect.stringContaining("all 100 sessions are in use") },
    });
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    expect(await api(server, "status")).toMatchObject({ warnings: [] });
  });
});

test("the client for programs calls it and follows an execution", async () => {
  const server = await startServer(project);
  const client = await openClient({ url: server.url, token: server.token });
  const run = await client.executions.run({ target: "review", input: { topic: "tea" }, wait_seconds: 20 });
  const types: string[] = [];
  for await (const followed of client.follow(run.execution_id)) {
    types.push(followed.kind === "event" ? followed.event.type : followed.status);
    if (types.at(-1) === "execution_suspended") {
      await client.executions.input({ execution_id: run.execution_id, value: false });
    }
  }
  expect(types.slice(-2)).toEqual(["execution_completed", "completed"]);
  await client.close();
});

describe("the end", () => {
  test("comes soon with code 0, though a call waits, streams are open and a connection says nothing", async () => {
    const server = await startServer(project);
    const { execution_id: id } = await api<{ execution_id: string }>(server, "executions/run", {
      target: "review",
      input: { topic: "tea" },
      wait_seconds: 10,
    });
    const stream = await fetch(`${server.url}/api/executions/${id}/stream`, { headers: server.authorization });
    const waiting = api(server, "executions/run", { target: "nap", wait_seconds: 40 });
    const silent = connect(server.port, "127.0.0.1");
    silent.on("error", () => {});
    const app = await project.open();
    await until(
      "the nap",
      () => app.store.executions.countIn("waiting") === 2 || app.store.executions.countIn("running") === 1,
    );
    const from = performance.now();
    server.child.kill("SIGTERM");
    expect(await waiting).toMatchObject({ workflow: "nap", result: null });
    expect(await stream.text()).not.toContain("event: done");
    expect(await exit(server.child)).toBe(0);
    expect(performance.now() - from).toBeLessThan(5_000);
    expect(server.said()).toBe("");
    expect(app.stack.workers()).toEqual([]);
  });

  test("comes at once when it is asked for twice from a terminal", async () => {
    project.flow(
      "endless",
      `const one = checkpoint("one", async () => { await new Promise((done) => setTimeout(done, 60_000)); });
       export const endless = flow("endless", () => one());`,
    );
    const server = await startServer(project);
    await api(server, "executions/run", { target: "endless", wait_seconds: 0.5 });
    server.child.kill("SIGINT");
    await until("the notice", () => server.said().includes("Ctrl-C once more"));
    const from = performance.now();
    server.child.kill("SIGINT");
    expect(await exit(server.child)).toBe(130);
    expect(performance.now() - from).toBeLessThan(1_000);
  });

  test("by a crash loses nothing: the next server goes on", async () => {
    const first = await startServer(project);
    const { execution_id: id } = await api<{ execution_id: string }>(first, "executions/run", {
      target: "nap",
      wait_seconds: 0.2,
    });
    first.child.kill("SIGKILL");
    await exit(first.child);
    const second = await startServer(project);
    const done = await api(second, "executions/get", { execution_id: id, wait_seconds: 20 });
    expect(done).toMatchObject({ status: "completed", result: "rested" });
  });

  test("comes by itself, with code 1 and the reason, when the project is gone", async () => {
    const server = await startServer(project);
    rmSync(project.path(".savepoint"), { recursive: true });
    expect(await exit(server.child)).toBe(1);
    // As the worker found it: while it was beginning, or later.
    expect(server.said()).toMatch(/the project's database is gone|savepoint\.db was removed or replaced/);
    expect(server.said()).toContain("savepoint: the worker has ended, and so does the server");
  });

  test("leaves a worker of its own alone", async () => {
    const server = await startServer(project, "--no-worker");
    const { execution_id: id } = await api<{ execution_id: string }>(server, "executions/run", {
      target: "nap",
      wait_seconds: 1,
    });
    server.child.kill("SIGTERM");
    expect(await exit(server.child)).toBe(0);
    const app = await project.open();
    expect(await ended(app, id)).toMatchObject({ status: "completed" });
    expect(processesOf(project.root)).toHaveLength(1);
  });
});

test("user code that ends the process or throws where nobody listens does not end the server", async () => {
  project.flow(
    "wild",
    `export const leaver = flow("leaver", async () => process.exit(3));
     export const thrower = flow("thrower", async () => {
       setTimeout(() => { throw new Error("nobody listens"); }, 10);
       await new Promise((done) => setTimeout(done, 200));
     });`,
  );
  const server = await startServer(project);
  for (const name of ["leaver", "thrower"]) {
    const run = await api(server, "executions/run", { target: `flows/wild.ts:${name}`, wait_seconds: 20 });
    expect(run, name).toMatchObject({ status: "failed" });
  }
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});
