import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { callTool } from "../mcp/client.ts";
import { dist, TestProject, until } from "../processes/project.ts";
import { startServer } from "./process.ts";

const server = fileURLToPath(new URL("server.js", dist));

let project: TestProject;
let webhook: Server;
let told: { data: { link: string | null; execution_id: string } }[];
beforeEach(async () => {
  told = [];
  webhook = createServer((request, response) => {
    void text(request).then((body) => {
      told.push(JSON.parse(body));
      response.end();
    });
  });
  await new Promise<void>((resolve) => webhook.listen(0, "127.0.0.1", resolve));
  project = new TestProject();
  project.write(
    "workflows/approve-it.md",
    `---
steps:
  - id: each
    type: loop
    items: [tea, coffee]
    collect: "{{ steps.approve.output }}"
    steps:
      - id: approve
        type: human
        question: Publish {{ item }}?
        options: [{ id: yes, label: Publish }, no]
        notify: http://127.0.0.1:${(webhook.address() as AddressInfo).port}/
outputs: "{{ steps.each.output }}"
---
`,
  );
});
afterEach(async () => {
  await project.close();
  webhook.closeAllConnections();
  await new Promise((resolve) => webhook.close(resolve));
});

const answered = { option: "yes", value: "yes", comment: null };

test("the link of a notification leads to the page that answers it, and the next question has another", async () => {
  const { url, authorization } = await startServer(project);
  const call = async (name: string, args: object) => {
    const headers = { ...authorization, "content-type": "application/json" };
    const response = await fetch(new URL(`/api/${name}`, url), { method: "POST", headers, body: JSON.stringify(args) });
    return (await response.json()) as Record<string, unknown>;
  };
  const run = await call("executions/run", { target: "approve-it", wait_seconds: 20 });
  expect(run).toMatchObject({ status: "waiting", pending_waits: [{ name: "approve", question: "Publish tea?" }] });
  for (const item of ["tea", "coffee"]) {
    const { link } = await until("the notification", () => told[item === "tea" ? 0 : 1]?.data);
    const page = await until("the page", async () => {
      const response = await fetch(link ?? "");
      return response.status === 200 ? response.text() : undefined;
    });
    expect(page).toContain(`Publish ${item}?`);
    const body = new URLSearchParams({
      option: "yes",
      answered_by: "Ada",
      token: new URL(link ?? "").searchParams.get("token") ?? "",
    });
    const sent = await fetch(link ?? "", { method: "POST", body, headers: { origin: new URL(url).origin } });
    expect(sent.status).toBe(200);
  }
  const ended = await call("executions/get", { execution_id: run["execution_id"], wait_seconds: 20 });
  const by = { ...answered, answered_by: "Ada", answered_at: expect.stringMatching(/Z$/) };
  expect(ended).toMatchObject({ status: "completed", result: [by, by] });
});

test.each(["stdio", "HTTP"])("a client over %s asks its person step by step", async (surface) => {
  const client = new Client({ name: "an-agent", version: "1.0.0" }, { capabilities: { elicitation: { form: {} } } });
  const messages: string[] = [];
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    messages.push(params.message);
    return { action: "accept", content: { option: "yes" } };
  });
  if (surface === "stdio") {
    const env = Object.fromEntries(Object.entries(project.env).map(([key, text]) => [key, String(text)]));
    const transport = new StdioClientTransport({ command: process.execPath, args: [server], env, stderr: "ignore" });
    await client.connect(transport);
  } else {
    const { url, authorization } = await startServer(project);
    await client.connect(
      new StreamableHTTPClientTransport(new URL("/mcp", url), {
        requestInit: { headers: authorization },
      }) as unknown as StdioClientTransport,
    );
  }
  const { structured } = await callTool(client, "executions_run", { target: "approve-it", wait_seconds: 20 });
  const by = { ...answered, answered_by: "an-agent", answered_at: expect.stringMatching(/Z$/) };
  expect(structured).toMatchObject({ status: "completed", result: [by, by] });
  expect(messages).toEqual(["Publish tea?", "Publish coffee?"]);
  expect(told).toHaveLength(2);
  // A link leads somewhere only where a server runs.
  expect(told.every(({ data }) => (data.link === null) === (surface === "stdio"))).toBe(true);
  await client.close();
});
