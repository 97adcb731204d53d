import { Hono } from "hono";
import { nearest } from "../core/suggest.ts";
import { answerPage } from "./answer-page.ts";
import { errorAnswer, HttpError } from "./answers.ts";
import { checkToken } from "./bearer.ts";
import { checkCaller } from "./callers.ts";
import { executionStreams } from "./execution-stream.ts";
import { ready } from "./health.ts";
import { answerMcp } from "./mcp-endpoint.ts";
import { openApi } from "./openapi.ts";
import { answerOperation } from "./operation-endpoint.ts";
import { answerPath, methodsOf, routes, streamPath } from "./routes.ts";
import type { HttpServices } from "./services.ts";

const openPath = "/health";
const answerPrefix = "/answer/";

/** Every route, behind the checks that all of them share. Knows nothing of sockets: `app.request` asks it directly. */
export function createHttpApp(services: HttpServices): Hono {
  const { app, closing, onProblem } = services;
  const hono = new Hono();
  hono.onError((error) => errorAnswer(app, error, onProblem));
  hono.use(async (context, next) => {
    await next();
    context.header("cache-control", context.res.headers.get("cache-control") ?? "no-store");
    context.header("x-content-type-options", "nosniff");
    if (closing.aborted) context.header("connection", "close");
  });
  hono.use(async ({ req }, next) => {
    check(services, req.raw, req.path);
    await next();
  });

  const streamExecution = executionStreams(services);
  hono.get(openPath, (context) => context.json({ status: "ok", version: app.version }));
  hono.get("/ready", () => ready(services));
  hono.get("/api", (context) =>
    context.json({ routes: routes.map(({ method, path, summary }) => ({ method, path, summary })) }),
  );
  hono.get("/api/openapi.json", (context) => context.json(openApi(app.version)));
  for (const { method, path, operation } of routes) {
    if (operation !== undefined) {
      hono.on(method, path, ({ req }) => answerOperation(services, operation, req.raw));
    }
  }
  hono.get(streamPath.replace("{execution_id}", ":execution_id"), ({ req }) =>
    streamExecution(req.raw, req.param("execution_id") ?? ""),
  );
  hono.on(
    ["GET", "POST"],
    answerPath.replace("{execution_id}", ":execution_id").replace("{wait}", ":wait{.+}"),
    ({ req }) =>
      answerPage(services, req.raw, { executionId: req.param("execution_id") ?? "", wait: req.param("wait") ?? "" }),
  );
  hono.on(["GET", "POST", "DELETE"], "/mcp", ({ req }) => answerMcp(services, req.raw));
  hono.notFound(({ req }) => {
    throw noRoute(req.path, methodsOf(req.path));
  });
  return hono;
}

/** In this order: who may not call at all learns nothing else. */
function check({ app, token, boundHost, closing }: HttpServices, request: Request, path: string): void {
  checkCaller(request.headers, { boundHost, ...app.config.http });
  if (path === openPath) return;
  // These pages have tokens of their own, one for each wait.
  if (!path.startsWith(answerPrefix)) checkToken(request, token);
  if (closing.aborted) {
    throw new HttpError("unavailable", "the server is about to end", {
      hint: "Try again when it has been started anew.",
    });
  }
  // Hono would answer it as GET, and a stream would begin that nobody reads.
  if (request.method === "HEAD") throw noRoute(path, methodsOf(path));
}

function noRoute(path: string, methods: string[]): HttpError {
  if (methods.length > 0) {
    return new HttpError("unsupported", `${path} takes ${methods.join(" or ")}`, {
      status: 405,
      hint: "GET /api lists the routes and their methods.",
      headers: { allow: methods.join(", ") },
    });
  }
  const [near] = nearest(path, new Set(routes.map((route) => route.path)), 1);
  const hint = "GET /api lists the routes.";
  return new HttpError("not_found", `there is no route ${path.slice(0, 200)}`, {
    hint: near === undefined ? hint : `Did you mean ${near}? ${hint}`,
  });
}
