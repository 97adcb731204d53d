import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import type { openClient as OpenClient, SavepointClient } from "../../src/client/client.ts";
import type { CallError } from "../../src/tools/call-error.ts";
import { type Ended, savepoint } from "../cli/command.ts";
import type { RunningServer } from "../http/process.ts";
import { dist, type TestProject } from "../processes/project.ts";
import { commandLine } from "./command-line.ts";
import { RawHttp } from "./raw-http.ts";

export type Outcome = { ok: true; value: Record<string, unknown> } | { ok: false; error: CallError };

/** A way in which somebody reaches the operations of a project. */
export interface Surface {
  call(name: string, args: Record<string, unknown>): Promise<Outcome>;
  /** Everything that came from the server so far, as it was on the wire where that can be seen. */
  seen(): string;
  close(): Promise<void>;
}

export const surfaceNames = [
  "MCP over stdio",
  "MCP over HTTP",
  "MCP over HTTP by a bare script",
  "REST",
  "the client on the local store",
  "the client on a server",
  "the command line",
] as const;
export type SurfaceName = (typeof surfaceNames)[number];

export function openSurface(name: SurfaceName, project: TestProject, server: RunningServer): Promise<Surface> {
  switch (name) {
    case "MCP over stdio":
      return overMcp(
        new StdioClientTransport({
          command: process.execPath,
          args: [fileURLToPath(new URL("server.js", dist))],
          env: definedEnv(project),
          stderr: "ignore",
        }),
      );
    case "MCP over HTTP": {
      const requestInit = { headers: { authorization: `Bearer ${server.token}` } };
      return overMcp(new StreamableHTTPClientTransport(new URL("/mcp", server.url), { requestInit }));
    }
    case "MCP over HTTP by a bare script":
      return overRawHttp(server);
    case "REST":
      return overRest(server);
    case "the client on the local store":
      return overClient(async (open) => open({ env: definedEnv(project), onProblem: () => {} }));
    case "the client on a server":
      return overClient(async (open) => open({ url: server.url, token: server.token }));
    case "the command line":
      return overCommandLine(project);
    default:
      return name satisfies never;
  }
}

async function overMcp(transport: StdioClientTransport | StreamableHTTPClientTransport): Promise<Surface> {
  const client = new Client({ name: "test", version: "1" });
  // The SDK's own types disagree about an optional session id.
  await client.connect(transport as StdioClientTransport);
  const seen: string[] = [JSON.stringify(client.getInstructions())];
  return {
    async call(name, args) {
      const result = (await client.callTool({ name, arguments: args }, undefined, {
        onprogress: (progress) => seen.push(JSON.stringify(progress)),
      })) as CallToolResult;
      seen.push(JSON.stringify(result));
      return outcomeOf(result);
    },
    seen: () => seen.join("\n"),
    close: () => client.close(),
  };
}

async function overRawHttp({ url, token }: RunningServer): Promise<Surface> {
  const http = new RawHttp(new URL("/mcp", url), token);
  await http.initialize();
  return {
    async call(name, args) {
      return outcomeOf((await http.request("tools/call", { name, arguments: args })) as CallToolResult);
    },
    seen: () => http.seen.join("\n"),
    close: () => http.close(),
  };
}

async function overRest({ url, token }: RunningServer): Promise<Surface> {
  const seen: string[] = [];
  return {
    async call(name, args) {
      const response = await fetch(new URL(`/api/${name.replace("_", "/")}`, url), {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(args),
      });
      const text = await response.text();
      seen.push(text);
      const body = JSON.parse(text) as Record<string, unknown> & { error: CallError };
      return response.ok ? { ok: true, value: body } : { ok: false, error: body.error };
    },
    seen: () => seen.join("\n"),
    close: async () => {},
  };
}

async function overClient(open: (openClient: typeof OpenClient) => Promise<SavepointClient>): Promise<Surface> {
  const { openClient, UserError } = (await import(
    new URL("client/client.js", dist).href
  )) as typeof import("../../src/client/client.ts");
  const client = await open(openClient);
  const seen: string[] = [];
  return {
    async call(name, args) {
      try {
        const value = (await methodOf(client, name)(args)) as Record<string, unknown>;
        seen.push(JSON.stringify(value));
        return { ok: true, value };
      } catch (thrown) {
        if (!(thrown instanceof UserError)) throw thrown;
        const { code, message, hint = null, details = null } = thrown;
        seen.push(JSON.stringify({ code, message, hint, details }));
        return { ok: false, error: { code, message, hint, details } };
      }
    },
    seen: () => seen.join("\n"),
    close: () => client.close(),
  };
}

/** The method as an author writes it: `client.executions.abortWait`. */
export function methodOf(client: SavepointClient, name: string): (args: object) => Promise<unknown> {
  const [group = "", ...words] = name.split("_");
  const verb = words.map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join("");
  const found: unknown = Reflect.get(client, group);
  const method: unknown = verb === "" ? found : Reflect.get(found as object, verb);
  if (typeof method !== "function") throw new Error(`the client has no ${group}.${verb}`);
  return method as (args: object) => Promise<unknown>;
}

async function overCommandLine(project: TestProject): Promise<Surface> {
  const seen: string[] = [];
  return {
    async call(name, args) {
      const { words, stdin } = commandLine(name, args);
      const outcome = await savepoint(project, [...words, "--output", "json"], { input: stdin });
      seen.push(outcome.stdout, outcome.stderr);
      return answerOf(outcome);
    },
    seen: () => seen.join("\n"),
    close: async () => {},
  };
}

/** Undoes `{ command, item }` and `{ command, items, count, … }`. */
function answerOf({ stdout, stderr }: Ended): Outcome {
  if (stdout.trim() === "") {
    const line = stderr.trim().split("\n").at(-1) ?? "";
    return { ok: false, error: (JSON.parse(line) as { error: CallError }).error };
  }
  const { command: _, item, count: __, ...list } = JSON.parse(stdout) as Record<string, unknown>;
  return { ok: true, value: item === undefined ? list : (item as Record<string, unknown>) };
}

function outcomeOf(result: CallToolResult): Outcome {
  const [block] = result.content;
  if (block?.type !== "text") throw new Error(`no text: ${JSON.stringify(result)}`);
  const value = JSON.parse(block.text) as Record<string, unknown> & { error: CallError };
  return result.isError === true ? { ok: false, error: value.error } : { ok: true, value };
}

function definedEnv(project: TestProject): Record<string, string> {
  return Object.fromEntries(Object.entries(project.env).flatMap(([key, value]) => (value ? [[key, value]] : [])));
}
