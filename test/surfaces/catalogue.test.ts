import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Tool } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { neverTyped, onlyHere } from "../../src/cli/exceptions.ts";
import { openClient, type SavepointClient } from "../../src/client/client.ts";
import { catalogue } from "../../src/tools/catalogue.ts";
import { inputSchemaOf, outputSchemaOf } from "../../src/tools/published-schemas.ts";
import { savepoint } from "../cli/command.ts";
import { type RunningServer, startServer } from "../http/process.ts";
import { dist, TestProject } from "../processes/project.ts";
import { methodOf } from "./surfaces.ts";

/**
 * Every operation exists on every surface with the same schema. What differs, and why:
 * - values of `secrets_create` are not typed on a command line (argv is visible to others): `neverTyped`;
 * - the value of a secret is shown by the command line alone, to the person at it: `savepoint secrets show --reveal`,
 *   and only there a secret is changed or deleted (`secrets set`, `secrets delete`);
 * - only there model aliases are registered, removed and chosen: the reasons stand in `onlyHere`.
 */
const onlyOnTheCommandLine = [
  ...["secrets show", "secrets set", "secrets delete", "secrets rotate"],
  "test",
  "worker stop",
  ...["models register", "models remove", "models default"],
];

let project: TestProject;
let server: RunningServer;
let stdioTools: Map<string, Tool>;
let httpTools: Map<string, Tool>;
let openApi: OpenApi;
let local: SavepointClient;
let remote: SavepointClient;

interface OpenApi {
  components: { schemas: Record<string, object> };
  paths: Record<string, Record<string, { requestBody?: Body; responses: Record<string, Body> }>>;
}

interface Body {
  content: { "application/json": { schema: object } };
}

/** The schema of a body, its reference followed. */
function schemaOf(body: Body | undefined): object | undefined {
  const schema = body?.content["application/json"].schema as { $ref?: string } | undefined;
  const name = schema?.$ref?.replace("#/components/schemas/", "");
  return name === undefined ? schema : openApi.components.schemas[name];
}

beforeAll(async () => {
  project = new TestProject({ SAVEPOINT_GROUPS: "all" });
  server = await startServer(project);
  stdioTools = await toolsOver(
    new StdioClientTransport({
      command: process.execPath,
      args: [fileURLToPath(new URL("server.js", dist))],
      env: { ...(project.env as Record<string, string>) },
      stderr: "ignore",
    }),
  );
  const headers = { authorization: `Bearer ${server.token}` };
  httpTools = await toolsOver(
    new StreamableHTTPClientTransport(new URL("/mcp", server.url), { requestInit: { headers } }),
  );
  openApi = (await (await fetch(new URL("/api/openapi.json", server.url), { headers })).json()) as OpenApi;
  local = await openClient({ env: project.env });
  remote = await openClient({ url: server.url, token: server.token });
});
afterAll(async () => {
  await local.close();
  await remote.close();
  await project.close();
});

async function toolsOver(transport: StdioClientTransport | StreamableHTTPClientTransport): Promise<Map<string, Tool>> {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport as StdioClientTransport);
  const { tools } = await client.listTools();
  await client.close();
  return new Map(tools.map((tool) => [tool.name, tool]));
}

describe.each(catalogue.map((operation) => [operation.name, operation] as const))("%s", (name, operation) => {
  const input = inputSchemaOf(operation);
  const output = outputSchemaOf(operation);

  test("is a tool over stdio and over HTTP", () => {
    for (const tools of [stdioTools, httpTools]) {
      expect(tools.get(name)).toMatchObject({ inputSchema: input, outputSchema: output, title: operation.title });
    }
  });

  test("is a REST route, described in OpenAPI", async () => {
    const path = `/api/${name.replace("_", "/")}`;
    const described = openApi.paths[path];
    expect(schemaOf(described?.["post"]?.requestBody)).toEqual(input);
    expect(schemaOf(described?.["post"]?.responses["200"])).toEqual(output);
    expect(described?.["get"] !== undefined).toBe(operation.annotations.readOnlyHint);
    const response = await fetch(new URL(path, server.url), {
      method: "POST",
      headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
      body: '{"no_such_argument":1}',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining(`${name}:`) } });
  });

  test("is a method of the client, on the local store and on a server", async () => {
    for (const client of [local, remote]) {
      await expect(methodOf(client, name)({ no_such_argument: 1 })).rejects.toMatchObject({
        code: "invalid_input",
        message: expect.stringContaining(`${name}:`),
      });
    }
  });

  test("is a command, with a flag for each argument", async () => {
    const [group = "", ...verb] = name.split("_");
    const words = verb.length === 0 ? [group] : [group, verb.join("-")];
    const { stdout, code } = await savepoint(project, [...words, "--help"]);
    expect(code).toBe(0);
    for (const field of Object.keys(operation.input.shape)) {
      expect(stdout).toMatch(new RegExp(`--(no-)?${field.replaceAll("_", "-")}\\b`));
    }
  });
});

test("no surface has an operation that the catalogue lacks", () => {
  const names = catalogue.map(({ name }) => name);
  expect([...stdioTools.keys()]).toEqual(names);
  expect([...httpTools.keys()]).toEqual(names);
  const routes = Object.keys(openApi.paths).filter((path) => /^\/api\/[^{}.]+$/.test(path));
  expect(routes.map((path) => path.slice("/api/".length).replace("/", "_")).sort()).toEqual([...names].sort());
});

test("the exceptions are these, each with its reason", async () => {
  expect(neverTyped.map(({ operation, field }) => `${operation}.${field}`)).toEqual(["secrets_create.values"]);
  expect(onlyHere.map(({ command }) => command)).toEqual(onlyOnTheCommandLine);
  for (const { reason } of [...neverTyped, ...onlyHere]) expect(reason.length).toBeGreaterThan(20);
  for (const command of onlyOnTheCommandLine) {
    const [group = "", verb = group] = command.split(" ");
    expect((await savepoint(project, [group, "--help"])).stdout).toContain(verb);
    expect(catalogue.map(({ name }) => name)).not.toContain(command.replace(" ", "_"));
  }
});
