import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import type { App } from "../../src/app.ts";
import { createMcpServer, type McpServerOptions } from "../../src/mcp/server.ts";

/** A client of the SDK, connected to a server on the app. */
export async function connect(app: App, options: McpServerOptions = {}): Promise<Client> {
  const client = new Client({ name: "test", version: "1.0.0" });
  const [near, far] = InMemoryTransport.createLinkedPair();
  await Promise.all([createMcpServer(app, options).connect(far), client.connect(near)]);
  return client;
}

export interface Answer {
  isError: boolean;
  structured: Record<string, unknown> | undefined;
  text: Record<string, unknown>;
}

export async function callTool(
  client: Client,
  name: string,
  args: Record<string, unknown> = {},
  options: Parameters<Client["callTool"]>[2] = {},
): Promise<Answer> {
  const result = (await client.callTool({ name, arguments: args }, undefined, options)) as CallToolResult;
  const [block, ...others] = result.content;
  if (block?.type !== "text" || others.length > 0) throw new Error(`not one text: ${JSON.stringify(result)}`);
  return { isError: result.isError === true, structured: result.structuredContent, text: JSON.parse(block.text) };
}
