import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { operationsOfGroups } from "../../src/tools/groups.ts";
import { TestProject } from "../processes/project.ts";
import { callTool } from "./client.ts";

const server = fileURLToPath(new URL("../../dist/server.js", import.meta.url));
const source = fileURLToPath(new URL("../../src/server.ts", import.meta.url));
const inspector = fileURLToPath(new URL("../../node_modules/.bin/mcp-inspector", import.meta.url));

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
  project.write(
    "flows/loud.ts",
    `import { checkpoint, flow, wait } from "savepoint";
console.log("top level of the file");
process.stdout.write("written past the console\\n");
const step = checkpoint("step", async () => { console.log("in a checkpoint"); return 1; });
export const loud = flow("loud", async () => { console.log("in the flow"); await step(); return wait({ name: "go" }); });
export const nap = flow("nap", async () => { await new Promise((done) => setTimeout(done, 1_500)); return "rested"; });
`,
  );
  project.flow(
    "leaver",
    `console.log("also loud"); export const leaver = flow("leaver", async () => process.exit(3));`,
  );
});
afterEach(() => project.close());

const request = (id: number, method: string, params: object = {}) =>
  `${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`;
const hello = request(1, "initialize", {
  protocolVersion: "2025-06-18",
  capabilities: {},
  clientInfo: { name: "raw", version: "1" },
});

/** A server that is spoken to line by line, and all that it wrote to stdout. */
function startRaw(args: string[] = [server]) {
  const child = project.node(args);
  let written = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    written += chunk.toString();
  });
  return {
    child,
    messages: () =>
      written
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
  };
}

async function exitOf(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
}

async function connect(): Promise<Client> {
  const client = new Client({ name: "test", version: "1.0.0" });
  const env = Object.fromEntries(Object.entries(project.env).map(([key, value]) => [key, String(value)]));
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [server], env, stderr: "ignore" }));
  return client;
}

describe("a server over stdio", () => {
  test.each([
    ["as it ships", server],
    ["from its source", source],
  ])("%s answers, and ends with code 0 when stdin ends", async (_, path) => {
    const { child, messages } = startRaw([path]);
    child.stdin?.write(hello);
    child.stdin?.write(request(2, "tools/list"));
    child.stdin?.end();
    expect(await exitOf(child)).toEqual([0, null]);
    expect(messages().map(({ id }) => id)).toEqual([1, 2]);
    expect(messages()[0].result).toMatchObject({ protocolVersion: "2025-06-18", serverInfo: { name: "savepoint" } });
  });

  test("ends with code 0 when stdin ends while a call waits, and answers the call first", async () => {
    const { child, messages } = startRaw();
    child.stdin?.write(hello);
    child.stdin?.write(
      request(2, "tools/call", { name: "executions_run", arguments: { target: "nap", wait_seconds: 40 } }),
    );
    await until(() => messages().length > 0);
    // Long enough for the execution to be queued, far shorter than the call.
    await new Promise((resolve) => setTimeout(resolve, 900));
    const started = performance.now();
    child.stdin?.end();
    expect(await exitOf(child)).toEqual([0, null]);
    expect(performance.now() - started).toBeLessThan(2_500);
    expect(messages()[1]?.result.structuredContent.execution_id).toMatch(/^[0-9a-f-]{36}$/);
    const client = await connect();
    const { structured } = await callTool(client, "executions_get", {
      execution_id: messages()[1].result.structuredContent.execution_id,
      wait_seconds: 20,
    });
    expect(structured).toMatchObject({ status: "completed", result: "rested" });
    await client.close();
  });

  test.each(["SIGTERM", "SIGINT"] as const)("ends with code 0 at %s", async (signal) => {
    const { child, messages } = startRaw();
    child.stdin?.write(hello);
    await until(() => messages().length === 1);
    child.kill(signal);
    expect(await exitOf(child)).toEqual([0, null]);
  });

  test("answers what is no JSON-RPC without falling over", async () => {
    const { child, messages } = startRaw();
    child.stdin?.write(`not json\n{"jsonrpc":"2.0"}\n${hello}${request(2, "no/such/method")}`);
    child.stdin?.write(request(3, "tools/call", { name: "status" }));
    await until(() => messages().some(({ id }) => id === 3));
    child.stdin?.end();
    expect(await exitOf(child)).toEqual([0, null]);
    const byId = new Map(messages().map((message) => [message.id, message]));
    expect(byId.get(2)).toMatchObject({ error: { code: -32601 } });
    expect(byId.get(3)).toMatchObject({ result: { structuredContent: { version: "0.1.0" } } });
  });

  test("writes nothing but the protocol to stdout, whatever user code prints or ends", async () => {
    const { child, messages } = startRaw();
    child.stdin?.write(hello);
    const run = (id: number, target: string) =>
      child.stdin?.write(
        request(id, "tools/call", { name: "executions_run", arguments: { target, wait_seconds: 20 } }),
      );
    run(2, "loud");
    run(3, "leaver");
    await until(() => messages().length === 3);
    const byId = new Map(messages().map(({ id, result }) => [id, result]));
    expect(byId.get(3).structuredContent).toMatchObject({ status: "failed", failure: { code: "misuse" } });
    const { execution_id: id, status } = byId.get(2).structuredContent;
    expect(status).toBe("waiting");
    child.stdin?.write(request(4, "tools/call", { name: "executions_logs", arguments: { execution_id: id } }));
    await until(() => messages().length === 4);
    const lines = messages()[3].result.structuredContent.items as {
      message: string;
      source: string;
      checkpoint: string | null;
    }[];
    expect(lines.map(({ message }) => message).toSorted()).toEqual([
      "in a checkpoint",
      "in the flow",
      "top level of the file",
      "written past the console",
    ]);
    expect(lines.find(({ message }) => message === "in a checkpoint")).toMatchObject({
      source: "checkpoint",
      checkpoint: "step",
    });
    child.stdin?.end();
    expect(await exitOf(child)).toEqual([0, null]);
  });

  test("says in words why a project cannot be opened", async () => {
    const { child, messages } = startRaw([server, "--project", project.path("nowhere")]);
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    expect(await exitOf(child)).toEqual([1, null]);
    expect(said).toMatch(/^savepoint: the project folder .*nowhere does not exist\n/);
    expect(messages()).toEqual([]);
  });

  test("answers a wait of another server's execution", async () => {
    const one = await connect();
    const { structured } = await callTool(one, "executions_run", { target: "loud", wait_seconds: 20 });
    await one.close();
    const other = await connect();
    const args = { execution_id: structured?.["execution_id"], value: { from: "elsewhere" }, wait_seconds: 20 };
    const answered = await callTool(other, "executions_input", args);
    expect(answered.structured).toMatchObject({ status: "completed", result: { from: "elsewhere" } });
    await other.close();
  });
});

describe("the MCP Inspector", () => {
  /** Runs its command line, which starts a server, makes one request and prints the result. */
  function inspect(...args: string[]) {
    const env = { ...project.env, HOME: project.root };
    const command = [inspector, "--cli", process.execPath, server, "--project", project.root];
    const pass = ["-e", `SAVEPOINT_CONFIG_HOME=${project.env["SAVEPOINT_CONFIG_HOME"]}`];
    const result = spawnSync(process.execPath, [...command, ...pass, ...args], {
      env,
      encoding: "utf8",
      timeout: 30_000,
    });
    return { code: result.status, stdout: result.stdout, stderr: result.stderr };
  }

  const call = (name: string, args: object) =>
    inspect(
      "--method",
      "tools/call",
      "--tool-name",
      name,
      "--tool-args-json",
      JSON.stringify(args),
      "--format",
      "json",
    );

  test("finds nothing to object to in the tools", () => {
    const { code, stdout, stderr } = inspect("--method", "tools/list", "--strict");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout).tools).toHaveLength(operationsOfGroups().length);
  });

  test("runs, answers and reads an execution", () => {
    const run = call("executions_run", { target: "loud", wait_seconds: 20 });
    expect(run.code).toBe(0);
    const { execution_id: id, status } = JSON.parse(run.stdout).result.structuredContent;
    expect(status).toBe("waiting");
    const answered = call("executions_input", { execution_id: id, value: 42, wait_seconds: 20 });
    expect(JSON.parse(answered.stdout).result.structuredContent).toMatchObject({ status: "completed", result: 42 });
    const read = call("artifacts_get", { execution_id: id, name: "result" });
    expect(JSON.parse(read.stdout).result.structuredContent).toMatchObject({ value: 42 });
    const mistaken = call("executions_get", { execution: id });
    expect(mistaken.code).toBe(5);
  });
});

async function until(look: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 20_000;
  while (!look()) {
    if (performance.now() > giveUpAt) throw new Error("waited 20 s in vain");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
