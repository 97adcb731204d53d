import { errorCodes } from "../core/errors.ts";
import type { Operation } from "../tools/operation.ts";
import { inputSchemaOf, type JsonSchema, outputSchemaOf } from "../tools/published-schemas.ts";
import { statusOfCode } from "./answers.ts";
import { type Route, routes, streamPath } from "./routes.ts";

const jsonType = "application/json";

/** The routes under /api, as OpenAPI 3.1. */
export function openApi(version: string): JsonSchema {
  const documented = routes.filter(({ operation, path }) => operation !== undefined || path === streamPath);
  const operations = new Set(documented.flatMap(({ operation }) => operation ?? []));
  return {
    openapi: "3.1.0",
    info: {
      title: "Savepoint",
      version,
      description: "Durable workflows: the operations that agents have over MCP, for programs.",
    },
    // Relative: the server is where this document was read.
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    paths: pathsOf(documented),
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "The text of .savepoint/token in the project's folder." },
      },
      schemas: {
        error: errorSchema,
        ...Object.fromEntries(
          [...operations].flatMap((operation) => [
            [`${operation.name}_input`, inputSchemaOf(operation)],
            [`${operation.name}_output`, outputSchemaOf(operation)],
          ]),
        ),
      },
      responses: errorResponses(),
    },
  };
}

function pathsOf(documented: readonly Route[]): JsonSchema {
  const byPath = Map.groupBy(documented, ({ path }) => path);
  return Object.fromEntries(
    [...byPath].map(([path, same]) => [
      path,
      Object.fromEntries(same.map((route) => [route.method.toLowerCase(), entry(route)])),
    ]),
  );
}

const errorSchema: JsonSchema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message", "hint", "details"],
      properties: {
        code: { type: "string", enum: errorCodes },
        message: { type: "string", description: "What was wrong." },
        hint: { anyOf: [{ type: "string" }, { type: "null" }], description: "What to do instead." },
        details: { anyOf: [{ type: "object" }, { type: "null" }] },
      },
    },
  },
};

function entry({ method, summary, operation }: Route): JsonSchema {
  if (operation === undefined) return streamEntry(summary);
  const isQuery = method === "GET";
  return {
    operationId: isQuery ? `${operation.name}_by_query` : operation.name,
    summary,
    description: operation.description,
    tags: [operation.name.split("_")[0]],
    ...(isQuery ? { parameters: parametersOf(operation) } : { requestBody: bodyOf(operation) }),
    responses: { 200: content("The answer.", ref("schemas", `${operation.name}_output`)), ...errorRefs(operation) },
  };
}

function bodyOf(operation: Operation): JsonSchema {
  const { required } = inputSchemaOf(operation);
  return {
    required: Array.isArray(required) && required.length > 0,
    content: { [jsonType]: { schema: ref("schemas", `${operation.name}_input`), example: operation.example } },
  };
}

function parametersOf(operation: Operation): JsonSchema[] {
  const { properties = {}, required = [] } = inputSchemaOf(operation);
  return Object.entries(properties as Record<string, JsonSchema>).map(([name, { description, ...schema }]) => ({
    name,
    in: "query",
    required: (required as string[]).includes(name),
    ...(description !== undefined && { description }),
    // Arrays are one name repeated, which is what OpenAPI assumes; what is nested is JSON.
    ...("type" in schema && schema["type"] !== "object" ? { schema } : { content: { [jsonType]: { schema } } }),
  }));
}

function streamEntry(summary: string): JsonSchema {
  const afterId = { type: "integer", minimum: 0 };
  return {
    operationId: "executions_stream",
    summary,
    description:
      "Each event has its id, its type as the name of the event, and what executions_events shows of it as data. The last message is `done` with { execution_id, status }; then the stream ends. A comment is sent every 15 seconds.",
    tags: ["executions"],
    parameters: [
      { name: "execution_id", in: "path", required: true, schema: { type: "string" } },
      { name: "after_id", in: "query", schema: afterId, description: "Begin after the event with this id." },
      { name: "Last-Event-ID", in: "header", schema: afterId, description: "The same, as browsers send it." },
    ],
    responses: {
      200: { description: "The events.", content: { "text/event-stream": { schema: { type: "string" } } } },
      ...errorRefs(),
    },
  };
}

const meanings: Readonly<Record<number, string>> = {
  400: "The arguments are wrong (invalid_input).",
  401: "The token is missing or wrong (unauthorized).",
  403: "Host or Origin is not allowed (forbidden).",
  404: "There is no such thing (not_found).",
  409: "It cannot be done as things stand (invalid_state, conflict, ambiguous).",
  413: "The body is too large (too_large).",
  415: "The body is no JSON (unsupported).",
  422: "What is asked for cannot be done here (unsupported).",
  500: "A bug of the server (internal).",
  503: "The server cannot do it now (unavailable).",
};

function errorResponses(): JsonSchema {
  const statuses = new Set([...Object.values(statusOfCode), 415]);
  return Object.fromEntries(
    [...statuses].map((status) => [`error_${status}`, content(meanings[status] ?? "", ref("schemas", "error"))]),
  );
}

function errorRefs(operation?: Operation): JsonSchema {
  const takesBody = operation?.annotations.readOnlyHint === false;
  const statuses = [400, 401, 403, 404, 409, ...(takesBody ? [413, 415, 422] : []), 500, 503];
  return Object.fromEntries(statuses.map((status) => [status, ref("responses", `error_${status}`)]));
}

function content(description: string, schema: JsonSchema): JsonSchema {
  return { description, content: { [jsonType]: { schema } } };
}

function ref(kind: "schemas" | "responses", name: string): JsonSchema {
  return { $ref: `#/components/${kind}/${name}` };
}
