import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { getDefaultEnvironment, StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { catalogue } from "../../src/tools/catalogue.ts";
import { dist } from "../processes/project.ts";
import { ToolProject } from "../tools/project.ts";
import { callTool, connect } from "./client.ts";

let project: ToolProject;
let clients: Client[];
beforeEach(() => {
  project = new ToolProject();
  clients = [];
});
afterEach(async () => {
  for (const client of clients) await client.close();
  await project.close();
});

async function clientOf(groups?: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Client> {
  const home = { SAVEPOINT_CONFIG_HOME: `${project.root}/home` };
  const client = await connect(await project.open({ env: { ...process.env, ...home, ...env } }), { groups });
  clients.push(client);
  return client;
}

async function namesOf(client: Client): Promise<string[]> {
  return (await client.listTools()).tools.map(({ name }) => name);
}

const all = catalogue.map(({ name }) => name);

describe("the tools of a server", () => {
  test("are those of the usual groups, and of others only when they are asked for", async () => {
    const rest = ["models_list", "models_calls", "executions_statistics"];
    expect(await namesOf(await clientOf())).toEqual(all.filter((name) => !rest.includes(name)));
    expect(await namesOf(await clientOf(["all"]))).toEqual(all);
    expect(await namesOf(await clientOf(["models", "server"]))).toEqual(["models_list", "models_calls", "status"]);
    expect(await namesOf(await clientOf(["statistics"]))).toEqual(["executions_statistics"]);
  });

  test("can be chosen by SAVEPOINT_GROUPS, which a flag overrides", async () => {
    const env = { SAVEPOINT_GROUPS: "artifacts, stacks" };
    expect(await namesOf(await clientOf(undefined, env))).toEqual(["artifacts_list", "artifacts_get", "stacks_list"]);
    expect(await namesOf(await clientOf(["server"], env))).toEqual(["status"]);
  });

  test("cannot be called when they are not offered, and the error says how to get them", async () => {
    const client = await clientOf();
    const answer = await callTool(client, "models_list");
    expect(answer).toMatchObject({
      isError: true,
      text: { error: { code: "not_found", hint: expect.stringMatching(/--groups.*models/) } },
    });
    expect(await callTool(await clientOf(["models"]), "models_list")).toMatchObject({ isError: false });
    const near = await callTool(await clientOf(["server"]), "statsu");
    expect(near.text).toMatchObject({ error: { hint: 'Did you mean "status"?' } });
  });

  test("refuse a group that there is not with the nearest one", async () => {
    await expect(clientOf(["executoins"])).rejects.toMatchObject({
      code: "invalid_input",
      hint: expect.stringContaining('"executions"'),
    });
  });
});

test.each([
  ["savepoint mcp", "cli/main.js", ["mcp", "--groups", "server,stacks"]],
  ["the server's own entry", "server.js", ["--groups", "server,stacks"]],
])("%s takes --groups", async (_, entry, args) => {
  const client = new Client({ name: "test", version: "1" });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [fileURLToPath(new URL(entry, dist)), ...args, "--project", project.root],
    env: { ...getDefaultEnvironment(), SAVEPOINT_CONFIG_HOME: `${project.root}/home` },
    stderr: "ignore",
  });
  await client.connect(transport);
  clients.push(client);
  expect(await namesOf(client)).toEqual(["stacks_list", "status"]);
});

describe("the instructions of a server", () => {
  test("speak of what is offered alone, and name the rest", async () => {
    const some = (await clientOf(["artifacts", "server"])).getInstructions() ?? "";
    expect(some).not.toMatch(/executions_|workflows_/);
    expect(some).toMatch(/^1\. completed/m);
    expect(some).toMatch(/^2\. Nothing goes on\? status/m);
    expect(some).toContain(
      "Groups of tools offered: artifacts, server. Not offered here: executions, statistics, workflows",
    );
    expect((await clientOf(["all"])).getInstructions()).not.toContain("Not offered");
  });
});
