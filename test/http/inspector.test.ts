import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { operationsOfGroups } from "../../src/tools/groups.ts";
import { TestProject } from "../processes/project.ts";
import { type RunningServer, startServer } from "./process.ts";

const inspector = fileURLToPath(new URL("../../node_modules/.bin/mcp-inspector", import.meta.url));

let project: TestProject;
let server: RunningServer;
beforeAll(async () => {
  project = new TestProject();
  project.flow("asks", `export const asks = flow("asks", async () => wait({ name: "go" }));`);
  server = await startServer(project);
});
afterAll(() => project.close());

/** The Inspector's command line on the server, with this token. */
function inspect(token: string, ...args: string[]) {
  const where = [`${server.url}/mcp`, "--transport", "http", "--header", `Authorization: Bearer ${token}`];
  const result = spawnSync(process.execPath, [inspector, "--cli", ...where, ...args], {
    env: { ...project.env, HOME: project.root },
    encoding: "utf8",
    timeout: 30_000,
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

const call = (name: string, args: object) => {
  const words = ["--method", "tools/call", "--tool-name", name, "--tool-args-json", JSON.stringify(args)];
  return inspect(server.token, ...words, "--format", "json");
};

test("the MCP Inspector finds nothing to object to in the tools, over HTTP with the token", () => {
  const { code, stdout, stderr } = inspect(server.token, "--method", "tools/list", "--strict");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout).tools).toHaveLength(operationsOfGroups().length);
});

test("it runs, answers and reads an execution", () => {
  const run = JSON.parse(call("executions_run", { target: "asks", wait_seconds: 20 }).stdout);
  const { execution_id, status } = run.result.structuredContent;
  expect(status).toBe("waiting");
  const answered = JSON.parse(call("executions_input", { execution_id, value: 42, wait_seconds: 20 }).stdout);
  expect(answered.result.structuredContent).toMatchObject({ status: "completed", result: 42 });
});

test("it is refused with another token", () => {
  const { code, stdout, stderr } = inspect("x".repeat(43), "--method", "tools/list");
  expect(code).not.toBe(0);
  expect(`${stdout}${stderr}`).not.toContain("executions_run");
});
