import type { App } from "../app.ts";
import { inUrl } from "./callers.ts";
import type { Token } from "./token.ts";

export interface Announced {
  app: App;
  token: Token;
  host: string;
  port: number;
  worker: "embedded" | "detached";
}

/** What the server says once it listens, for people: the one place where the token is shown. */
export function announcementText({ app, token, worker, ...address }: Announced): string {
  const url = urlOf(address);
  const authorization = `Bearer ${token.text}`;
  const servers = { savepoint: { type: "http", url: `${url}/mcp`, headers: { Authorization: authorization } } };
  return [
    `Savepoint ${app.version} serves ${app.config.projectRoot}`,
    "",
    `  URL     ${url}`,
    `  MCP     ${url}/mcp`,
    `  REST    ${url}/api (described by ${url}/api/openapi.json)`,
    `  token   ${token.path}`,
    `  worker  ${worker === "embedded" ? "in this process" : "in a process of its own"}`,
    "",
    "Claude Code:",
    "",
    `  claude mcp add --transport http savepoint ${url}/mcp --header "Authorization: ${authorization}"`,
    "",
    "Other clients, in .mcp.json or where they keep their servers:",
    "",
    JSON.stringify({ mcpServers: servers }, null, 2).replaceAll(/^/gm, "  "),
    "",
    "Ctrl-C ends the server. Whoever has the token can run this project's workflows: do not share this output.",
    "",
  ].join("\n");
}

/** The same for programs, in one line and without the token. */
export function announcementJson({ token, worker, ...address }: Announced): string {
  const url = urlOf(address);
  const facts = { url, mcp_url: `${url}/mcp`, token_file: token.path, pid: process.pid, worker };
  return `${JSON.stringify(facts)}\n`;
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** A server on all addresses is called by that of this machine. */
export function urlOf({ host, port }: Pick<Announced, "host" | "port">): string {
  const callable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${inUrl(callable)}:${port}`;
}
