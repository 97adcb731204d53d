import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { errorOf, isRunning, stdioServer, useConnections } from "../helpers/connections/connections.ts";
import { dist, TestProject, until } from "../processes/project.ts";

const connections = useConnections();

describe("a server that is a program", () => {
  test("is started by the first call, and shared by calls at the same time and later ones", async () => {
    const note = `${connections.root}/starts`;
    const { call, lines } = connections.open({ local: stdioServer("--note", note) });
    expect(lines("starts")).toEqual([]);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => call("local", "echo", { n }) as Promise<{ n: number; pid: number }>),
    );
    expect(answers.map(({ n }) => n)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(new Set(answers.map(({ pid }) => pid)).size).toBe(1);
    expect(await call("local", "echo", {})).toMatchObject({ pid: answers[0]?.pid });
    expect(lines("starts")).toHaveLength(1);
  });

  test("finds its end when the connections are closed, and is started again when it is called after that", async () => {
    const { call, close } = connections.open({ local: stdioServer() });
    const { pid } = (await call("local", "echo")) as { pid: number };
    expect(isRunning(pid)).toBe(true);
    await close();
    expect(isRunning(pid)).toBe(false);
    expect(await call("local", "echo")).not.toMatchObject({ pid });
  });

  test.skipIf(process.platform !== "linux")(
    "takes along what has left its group, at its end and when it dies",
    async () => {
      const { call, close } = connections.open({ local: stdioServer() });
      const first = (await call("local", "leave")) as { left: number };
      expect(isRunning(first.left)).toBe(true);
      await errorOf(call("local", "die"));
      await until("what it left to be gone", () => !isRunning(first.left), 5_000);
      const second = (await call("local", "leave")) as { left: number };
      await close();
      expect(isRunning(second.left)).toBe(false);
    },
  );

  test("is ended when nobody has used it for a while, never in the middle of a call", async () => {
    const { call } = connections.open({ local: stdioServer() }, { idleMs: 100 });
    const { pid } = (await call("local", "echo")) as { pid: number };
    expect(await call("local", "slow", { ms: 150 })).toBe("done");
    expect(isRunning(pid)).toBe(true);
    await until("the idle server to be gone", () => !isRunning(pid));
    expect(await call("local", "echo")).not.toMatchObject({ pid });
  });

  test("that dies takes its calls along, which say how; the next call starts it again", async () => {
    const { call } = connections.open({ local: stdioServer() });
    const { pid } = (await call("local", "echo")) as { pid: number };
    const other = errorOf(call("local", "slow", { ms: 60_000 }));
    const error = await errorOf(call("local", "die"));
    expect(error).toMatchObject({
      code: "connection_lost",
      isTransient: true,
      message: "the MCP server local ended with exit code 7: out of luck (the tool die)",
      hint: "The call may have had its effect. The next one connects anew.",
    });
    expect(await other).toMatchObject({ code: "connection_lost", isTransient: true });
    expect(await call("local", "echo")).not.toMatchObject({ pid });
  });

  test("that was killed between two calls is started again", async () => {
    const { call } = connections.open({ local: stdioServer() });
    const { pid } = (await call("local", "echo")) as { pid: number };
    process.kill(pid, "SIGKILL");
    await until("it to be gone", () => !isRunning(pid));
    await until("the news", async () => {
      const answer = (await call("local", "echo").catch(() => ({ pid }))) as { pid: number };
      return answer.pid !== pid;
    });
  });

  test("that does not begin to answer is given up with its last words, and nothing of it is left", async () => {
    const note = `${connections.root}/starts`;
    const { call, lines } = connections.open({ local: stdioServer("--hang", "--note", note) }, { startMs: 700 });
    const error = await errorOf(call("local", "echo"));
    expect(error).toMatchObject({
      code: "server_unavailable",
      isTransient: true,
      message: "the MCP server local did not begin to answer in time: waiting for the weather",
    });
    expect(lines("starts").map(Number).filter(isRunning)).toEqual([]);
  });

  test("that ends at its start says why", async () => {
    const { call } = connections.open({ local: stdioServer("--crash") });
    const error = await errorOf(call("local", "echo"));
    expect(error.message).toBe("the MCP server local ended with exit code 3: cannot find my database");
    expect(error).toMatchObject({ code: "server_unavailable" });
  });

  test("that hangs at its start does not hold up the end of all", async () => {
    const note = `${connections.root}/starts`;
    const { call, close, lines } = connections.open({ local: stdioServer("--hang", "--note", note) });
    const failed = errorOf(call("local", "echo"));
    await until("the start", () => lines("starts").length === 1);
    await close();
    expect(await failed).toMatchObject({ code: "server_unavailable" });
    expect(lines("starts").map(Number).filter(isRunning)).toEqual([]);
  });

  test("that is not there is named, with what to do", async () => {
    const { call } = connections.open({
      local: { command: "no-such-program" },
      folder: { command: "ls", cwd: "gone" },
    });
    const error = await errorOf(call("local", "echo"));
    expect(error).toMatchObject({
      code: "server_unavailable",
      isTransient: false,
      message: "there is no program no-such-program to start an MCP server with",
    });
    expect((await errorOf(call("folder", "echo"))).message).toContain("there is no folder gone");
  });

  test("may print what is no message", async () => {
    const { call } = connections.open({ local: stdioServer() });
    expect(await call("local", "loud")).toBe("heard");
    expect(await call("local", "loud")).toBe("heard");
  });

  test("may answer much, but not without end", async () => {
    const { call } = connections.open({ local: stdioServer() });
    expect(await call("local", "long", { length: 10_000_000 })).toHaveLength(10_000_000);
    const error = await errorOf(call("local", "long", { length: 70_000_000 }));
    expect(error.message).toContain("wrote a line of more than 64 MiB");
    expect(await call("local", "echo", { still: "here" })).toMatchObject({ still: "here" });
  });

  test("works in the project or in a folder of it, with an environment that holds nothing but what it needs", async () => {
    const { call } = connections.open(
      { local: { ...stdioServer(), env: { GREETING: "hello", TOKEN: `\${API_TOKEN}` } } },
      { env: { API_TOKEN: "t0ps3cret-value", SAVEPOINT_MASTER_KEY: "never", LANG: "C", UNRELATED: "x" } },
    );
    const environment = await call("local", "environment");
    expect(environment).toMatchObject({
      GREETING: "hello",
      TOKEN: "t0ps3cret-value",
      LANG: "C",
      HOME: connections.root,
    });
    for (const name of ["SAVEPOINT_MASTER_KEY", "UNRELATED", "API_TOKEN"]) expect(environment).not.toHaveProperty(name);
  });

  test("is ended with the process that started it, even when that is killed", async () => {
    const project = new TestProject();
    project.write(".mcp.json", JSON.stringify({ mcpServers: { local: stdioServer() } }));
    const path = project.write(
      "starter.mjs",
      `import { createConnections } from ${JSON.stringify(new URL("connections/connections.js", dist).href)};
      import { writeFileSync } from "node:fs";
      const { callTool } = createConnections({ projectRoot: process.cwd(), env: process.env, protection: { learn() {} } });
      const call = { server: "local", tool: "echo", args: {}, signal: new AbortController().signal, meta: {}, onProgress() {} };
      const { pid } = await callTool(call);
      writeFileSync("pid", pid + "\\n");
      await callTool({ ...call, tool: "slow", args: { ms: 60_000 } });`,
    );
    const child = project.node([path]);
    const pid = Number(await until("the server", () => project.lines("pid")[0]));
    expect(isRunning(pid)).toBe(true);
    child.kill("SIGKILL");
    await until("the server to be gone", () => !isRunning(pid), 5_000);
    await project.close();
  });
});

describe("Savepoint itself as a server", () => {
  test("answers what its operations answer", async () => {
    const home = `${connections.root}/home`;
    const { call, listTools } = connections.open({
      savepoint: {
        command: process.execPath,
        args: [fileURLToPath(new URL("cli/main.js", dist)), "mcp", "--project", connections.root],
        env: { SAVEPOINT_CONFIG_HOME: home },
      },
    });
    expect((await listTools("savepoint")).map(({ name }) => name)).toContain("executions_list");
    expect(await call("savepoint", "executions_list", {})).toMatchObject({ items: [], total: 0 });
    const error = await errorOf(call("savepoint", "executions_get", { execution_id: "0" }));
    expect(error).toMatchObject({ code: "tool_failed" });
    rmSync(home, { recursive: true, force: true });
  });

  test("may start a worker, which goes on when the connection is closed", async () => {
    const project = `${connections.root}/inner`;
    mkdirSync(`${project}/workflows`, { recursive: true });
    const command = "echo $PPID > worker; sleep 1; echo done > done";
    const definition = `name: going\nsteps: [{ id: go, type: shell, command: "${command}" }]`;
    writeFileSync(`${project}/workflows/going.yaml`, definition);
    const { call, close, lines } = connections.open({
      savepoint: {
        command: process.execPath,
        args: [fileURLToPath(new URL("cli/main.js", dist)), "mcp", "--project", project],
        env: { SAVEPOINT_CONFIG_HOME: `${connections.root}/home` },
      },
    });
    await call("savepoint", "executions_run", { target: "going" });
    const worker = Number(await until("the worker", () => lines("inner/worker")[0], 10_000));
    if (process.platform === "linux") {
      expect(readFileSync(`/proc/${worker}/environ`, "utf8")).not.toContain("SAVEPOINT_SERVER_RUN");
    }
    await close();
    await until("the end of its work", () => lines("inner/done")[0], 10_000);
    process.kill(worker, "SIGTERM");
    await until("its end", () => !isRunning(worker), 10_000);
  });
});
