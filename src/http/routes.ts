import { catalogue } from "../tools/catalogue.ts";
import type { Operation } from "../tools/operation.ts";

export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** As in OpenAPI: variable parts in braces. */
  readonly path: string;
  readonly summary: string;
  readonly operation?: Operation;
}

/** The last part is the place of a wait, which may hold slashes. */
export const answerPath = "/answer/{execution_id}/{wait}";
export const streamPath = "/api/executions/{execution_id}/stream";

/** Every route that the server has, in the order in which they are listed. */
export const routes: readonly Route[] = [
  { method: "GET", path: "/health", summary: "Whether the server runs; the only route without a token" },
  { method: "GET", path: "/ready", summary: "Whether the database answers and a worker lives" },
  { method: "GET", path: "/api", summary: "This list" },
  { method: "GET", path: "/api/openapi.json", summary: "The routes under /api as OpenAPI 3.1" },
  ...catalogue.flatMap(routesOf),
  { method: "GET", path: streamPath, summary: "The timeline of an execution as server-sent events" },
  { method: "GET", path: answerPath, summary: "A page on which one wait is answered, by whoever has its link" },
  { method: "POST", path: answerPath, summary: "What that page sends" },
  { method: "POST", path: "/mcp", summary: "MCP over Streamable HTTP" },
  { method: "GET", path: "/mcp", summary: "The stream of an MCP session" },
  { method: "DELETE", path: "/mcp", summary: "Ends an MCP session" },
];

function routesOf(operation: Operation): Route[] {
  const path = `/api/${operation.name.replace("_", "/")}`;
  const post = { method: "POST", path, summary: operation.title, operation } as const;
  return operation.annotations.readOnlyHint ? [{ ...post, method: "GET" }, post] : [post];
}

/** The methods that a path has; none for a path that is not there. */
export function methodsOf(path: string): string[] {
  return routes.filter((route) => patternOf(route.path).test(path)).map(({ method }) => method);
}

function patternOf(path: string): RegExp {
  const pattern = path
    .replaceAll(".", "\\.")
    .replace("{wait}", ".+")
    .replaceAll(/\{[^}]+\}/g, "[^/]+");
  return new RegExp(`^${pattern}$`);
}
