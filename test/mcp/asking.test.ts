import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  ElicitationCompleteNotificationSchema,
  ElicitRequestSchema,
  type ElicitRequestURLParams,
  type ElicitResult,
} from "@modelcontextprotocol/sdk/types.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { savepoint } from "../cli/command.ts";
import { startServer } from "../http/process.ts";
import { dist, TestProject, until } from "../processes/project.ts";
import { callTool } from "./client.ts";

const server = fileURLToPath(new URL("server.js", dist));
const value = "typed-by-a-person";

type Action = ElicitResult["action"];
type Person = (asked: ElicitRequestURLParams) => Action | Promise<Action>;
type Surface = "stdio" | "HTTP";

let project: TestProject;
let clients: Client[];
beforeEach(() => {
  project = new TestProject();
  clients = [];
});
afterEach(async () => {
  for (const client of clients) await client.close();
  await project.close();
});

/** A client whose person does as told, and what it was told by the server. */
async function connect(surface: Surface, person: Person) {
  const client = new Client({ name: "an-agent", version: "1.0.0" }, { capabilities: { elicitation: { url: {} } } });
  clients.push(client);
  const asked: ElicitRequestURLParams[] = [];
  const completed: string[] = [];
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    if (params.mode !== "url") throw new Error("asked in the conversation");
    asked.push(params);
    return { action: await person(params) };
  });
  client.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) => {
    completed.push(params.elicitationId);
  });
  await client.connect((await transport(surface)) as StdioClientTransport);
  return { client, asked, completed };
}

async function transport(surface: Surface): Promise<StdioClientTransport | StreamableHTTPClientTransport> {
  if (surface === "HTTP") {
    const { url, authorization } = await startServer(project);
    return new StreamableHTTPClientTransport(new URL("/mcp", url), { requestInit: { headers: authorization } });
  }
  const env = Object.fromEntries(Object.entries(project.env).map(([key, text]) => [key, String(text)]));
  return new StdioClientTransport({ command: process.execPath, args: [server], env, stderr: "ignore" });
}

/** As a browser sends the page's form. */
function type(url: string, ...values: string[]): Promise<Response> {
  const fields = values.map((text, index): [string, string] => [`value-${index}`, text]);
  const headers = { origin: new URL(url).origin };
  return fetch(url, { method: "POST", headers, body: new URLSearchParams(fields) });
}

function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

const reveal = async (name: string) => (await project.open()).secrets.reveal(name);
const ask = { name: "github", ask: ["TOKEN", "USER"], workflows: ["release"] };

describe.each<Surface>(["stdio", "HTTP"])("secrets_create with ask over %s", (surface) => {
  test("stores what the person types on the page, and the client sees none of it", async () => {
    let html = "";
    const { client, asked, completed } = await connect(surface, async ({ url }): Promise<Action> => {
      html = await (await fetch(url)).text();
      setTimeout(() => void type(url, value, "octocat"), 100);
      return "accept";
    });
    const { structured, text } = await callTool(client, "secrets_create", ask);
    expect(structured).toMatchObject({ name: "github", keys: ["TOKEN", "USER"], workflows: ["release"] });
    expect(JSON.stringify(text)).not.toContain(value);
    expect(html).toContain("<strong><bdi>an-agent</bdi></strong>");
    expect(html).toContain(project.root);
    expect(asked).toEqual([
      expect.objectContaining({
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}$/),
        message: expect.stringContaining('TOKEN, USER of the secret "github"'),
      }),
    ]);
    await until("the client to be told", () => completed.length === 1);
    expect(completed).toEqual([asked[0]?.elicitationId]);
    expect(asked[0]?.url).not.toContain(asked[0]?.elicitationId);
    expect(await reveal("github")).toEqual({ TOKEN: value, USER: "octocat" });
    for (const path of filesOf(project.root)) expect(readFileSync(path, "latin1"), path).not.toContain(value);
  });

  test.each([
    ["decline", "the person declined: nothing was stored"],
    ["cancel", "the person dismissed the question: nothing was stored"],
  ] as const)("stores nothing when the person answers %s", async (action, message) => {
    const { client, asked } = await connect(surface, () => action);
    const { isError, text } = await callTool(client, "secrets_create", ask);
    expect(isError).toBe(true);
    expect(text).toMatchObject({
      error: { code: "forbidden", message, hint: expect.stringContaining("savepoint secrets set github TOKEN USER") },
    });
    const late = await type(asked[0]?.url ?? "", value, "octocat");
    expect(late.status).toBe(410);
    expect(await late.text()).toContain("Nobody waits for this any more");
    expect((await project.open()).secrets.list()).toEqual([]);
  });

  test("ends with a call that is cancelled, and the page says that nobody waits", async () => {
    const cancelled = new AbortController();
    const { client, asked } = await connect(surface, () => "accept");
    const call = callTool(client, "secrets_create", ask, { signal: cancelled.signal });
    const { url } = await until("the question", () => asked[0]);
    expect((await fetch(url)).status).toBe(200);
    cancelled.abort();
    await expect(call).rejects.toThrow();
    await until("the page to end", async () => (await fetch(url)).status === 410);
    expect(await (await type(url, value, "octocat")).text()).toContain("The call that asked has ended");
    expect((await project.open()).secrets.list()).toEqual([]);
  });
});

describe("secrets_create with ask", () => {
  test("asks again on the page for a value that is a word of Savepoint's answers", async () => {
    const { client } = await connect("stdio", async ({ url }): Promise<Action> => {
      const refused = await type(url, "execution_id", "octocat");
      expect(refused.status).toBe(422);
      expect(await refused.text()).toContain("TOKEN is a word of Savepoint");
      setTimeout(() => void type(url, value, "octocat"), 50);
      return "accept";
    });
    expect((await callTool(client, "secrets_create", ask)).isError).toBe(false);
    expect(await reveal("github")).toMatchObject({ TOKEN: value });
  });

  test("takes what was typed before the client has answered", async () => {
    const never = Promise.withResolvers<"accept">();
    const { client, completed } = await connect("stdio", async ({ url }) => {
      await type(url, value, "octocat");
      return never.promise;
    });
    expect((await callTool(client, "secrets_create", ask)).structured).toMatchObject({ name: "github" });
    expect(completed).toHaveLength(1);
    never.resolve("accept");
    expect((await callTool(client, "status")).isError).toBe(false);
  });

  test("asks for two secrets at once without mixing them up", async () => {
    const { client, asked } = await connect("stdio", () => "accept");
    const calls = ["one", "two"].map((name) => callTool(client, "secrets_create", { name, ask: ["KEY"] }));
    await until("both questions", () => asked.length === 2);
    for (const name of ["two", "one"]) {
      const { url } = asked.find(({ message }) => message.includes(`"${name}"`)) ?? { url: "" };
      expect((await type(url, `value-of-${name}`)).status).toBe(200);
    }
    for (const { isError } of await Promise.all(calls)) expect(isError).toBe(false);
    expect(await reveal("one")).toEqual({ KEY: "value-of-one" });
    expect(await reveal("two")).toEqual({ KEY: "value-of-two" });
  });

  test("refuses a name that is taken, and keys that are none, before anybody is asked", async () => {
    const { client, asked } = await connect("stdio", () => "accept");
    await callTool(client, "secrets_create", { name: "github", values: { TOKEN: "another-value" } });
    for (const [args, code] of [
      [ask, "conflict"],
      [{ name: "other", ask: [] }, "invalid_input"],
      [{ name: "other", ask: ["no key"] }, "invalid_input"],
      [{ name: "other", ask: ["KEY", " KEY"] }, "invalid_input"],
      [{ name: "other", ask: ["KEY"], workflows: [] }, "invalid_input"],
      [{ name: "two words", ask: ["KEY"] }, "invalid_input"],
      [{ ...ask, values: { TOKEN: "x" } }, "invalid_input"],
    ] as const) {
      expect((await callTool(client, "secrets_create", args)).text).toMatchObject({ error: { code } });
    }
    expect(asked).toEqual([]);
  });

  test("says so when somebody else took the name meanwhile", async () => {
    const { client } = await connect("stdio", async ({ url }): Promise<Action> => {
      const app = await project.open();
      app.secrets.create({ name: "github", values: { TOKEN: "another-value" }, visibility: "shared" });
      expect((await type(url, value, "octocat")).status).toBe(409);
      return "accept";
    });
    expect((await callTool(client, "secrets_create", ask)).text).toMatchObject({ error: { code: "conflict" } });
    expect(await reveal("github")).toEqual({ TOKEN: "another-value" });
  });

  test("passes on that a client could not ask after all", async () => {
    const { client } = await connect("stdio", () => {
      throw new Error("no browser here");
    });
    expect((await callTool(client, "secrets_create", ask)).text).toMatchObject({
      error: { code: "unavailable", message: expect.stringContaining("no browser here") },
    });
  });

  test("answers with the command to type where nobody can be asked, on every surface", async () => {
    const command = "savepoint secrets set github TOKEN USER --workflow release";
    const plain = new Client({ name: "plain", version: "1" }, { capabilities: { elicitation: { form: {} } } });
    clients.push(plain);
    await plain.connect((await transport("stdio")) as StdioClientTransport);
    const overStdio = await callTool(plain, "secrets_create", ask);
    expect(overStdio.text).toMatchObject({ error: { code: "unsupported", hint: expect.stringContaining(command) } });
    const { url, authorization } = await startServer(project);
    const response = await fetch(new URL("/api/secrets/create", url), {
      method: "POST",
      headers: { ...authorization, "content-type": "application/json" },
      body: JSON.stringify(ask),
    });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      error: { code: "unsupported", hint: expect.stringContaining(command) },
    });
    const typed = ["secrets", "create", "github", "--ask", "TOKEN", "--ask", "USER", "--workflows", "release"];
    expect((await savepoint(project, typed)).stderr).toContain(command);
    expect((await project.open()).secrets.list()).toEqual([]);
    const done = await savepoint(project, "secrets set github TOKEN --workflow release".split(" "), { input: value });
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining("only for release") });
  });

  test("ends when the client drops its connection, though its session is not ended", async () => {
    const { client, asked } = await connect("HTTP", () => "accept");
    const call = callTool(client, "secrets_create", ask).catch(() => "ended");
    const { url } = await until("the question", () => asked[0]);
    expect((await fetch(url)).status).toBe(200);
    await client.close();
    expect(await call).toBe("ended");
    await until("the page to end", async () => (await fetch(url)).status === 410);
    expect((await type(url, value, "octocat")).status).toBe(410);
    expect((await project.open()).secrets.list()).toEqual([]);
  });

  test("ends when the client goes away", async () => {
    const { client, asked } = await connect("HTTP", () => "accept");
    const call = callTool(client, "secrets_create", ask).catch(() => "ended");
    const { url } = await until("the question", () => asked[0]);
    const transport = client.transport as StreamableHTTPClientTransport;
    await transport.terminateSession();
    await until("the page to end", async () => (await fetch(url)).status === 410);
    await client.close();
    expect(await call).toBe("ended");
  });
});
