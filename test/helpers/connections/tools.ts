import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
  type Tool,
} from "@modelcontextprotocol/sdk/types.js";

type Extra = Parameters<Parameters<Server["setRequestHandler"]>[1]>[1];

interface Call {
  args: Record<string, unknown>;
  meta: Record<string, unknown>;
  extra: Extra;
  server: Server;
}

const text = (...texts: string[]): CallToolResult => ({ content: texts.map((one) => ({ type: "text", text: one })) });
const anything = { type: "object" as const, properties: {} };

/** What the tools of the tests' servers do. */
const answers: Record<string, (call: Call) => CallToolResult | Promise<CallToolResult>> = {
  echo: ({ args, meta }) => ({ content: [], structuredContent: { ...args, pid: process.pid, meta } }),
  measure: ({ args }) => ({
    content: [],
    structuredContent: { sha256: createHash("sha256").update(String(args["token"])).digest("hex") },
  }),
  environment: () => ({ content: [], structuredContent: { ...process.env } }),
  say: ({ args }) => text(...(args["texts"] as string[])),
  image: ({ args }) => ({
    content: [
      { type: "text", text: "a picture" },
      { type: "image", mimeType: "image/png", data: "A".repeat(Number(args["length"])) },
    ],
  }),
  fail: () => ({ ...text("no such repository", "look again"), isError: true }),
  refuse: () => {
    throw new Error("not today");
  },
  die: async () => {
    process.stderr.write("out of luck\n");
    await delay(50);
    process.exit(7);
  },
  hang: async ({ args, extra }) => {
    appendFileSync(String(args["file"]), "called\n");
    await new Promise((resolve) => extra.signal.addEventListener("abort", resolve));
    appendFileSync(String(args["file"]), "cancelled\n");
    return text("late");
  },
  slow: async ({ args, extra, meta }) => {
    for (let progress = 1; progress <= 3; progress++) {
      const params = {
        progressToken: meta["progressToken"] as number,
        progress,
        total: 3,
        message: `part ${progress}`,
      };
      await extra.sendNotification({ method: "notifications/progress", params });
      await delay(Number(args["ms"] ?? 5));
    }
    return text("done");
  },
  leave: () => {
    const child = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
    return { content: [], structuredContent: { left: child.pid } };
  },
  loud: () => {
    process.stdout.write('Listening on port 80\n{"half": \n\n');
    return text("heard");
  },
  long: ({ args }) => text("x".repeat(Number(args["length"]))),
  strict: ({ args }) => ({ content: [], structuredContent: args }),
  grow: async ({ args, server }) => {
    tools.push({ name: String(args["name"]), inputSchema: anything });
    answers[String(args["name"])] = () => text("new");
    if (args["quietly"] !== true) await server.sendToolListChanged();
    return text("grown");
  },
  ask: async ({ server }) => {
    const asked = await server
      .request({ method: "roots/list" }, (await import("@modelcontextprotocol/sdk/types.js")).ListRootsResultSchema)
      .catch((error: Error) => error.message);
    return { content: [], structuredContent: { answer: asked, capabilities: server.getClientCapabilities() } };
  },
};

const schemas: Record<string, Tool["inputSchema"]> = {
  strict: {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    properties: { owner: { type: "string" }, count: { type: "integer" } },
    required: ["owner"],
    additionalProperties: false,
  } as Tool["inputSchema"],
};

const tools: Tool[] = Object.keys(answers).map((name) => ({ name, inputSchema: schemas[name] ?? anything }));

/** An MCP server with the tools above, which lists them over two pages. */
export function testServer(): Server {
  const server = new Server({ name: "test", version: "1" }, { capabilities: { tools: { listChanged: true } } });
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) =>
    params?.cursor === undefined ? { tools: tools.slice(0, 3), nextCursor: "rest" } : { tools: tools.slice(3) },
  );
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const answer = answers[params.name];
    if (answer === undefined) throw new Error(`unknown tool ${params.name}`);
    const meta = (params._meta ?? {}) as Record<string, unknown>;
    return answer({ args: params.arguments ?? {}, meta, extra: extra as Extra, server });
  });
  return server;
}
