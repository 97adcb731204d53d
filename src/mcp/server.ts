import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  type CallToolRequest,
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
  type RequestId,
  type ServerNotification,
  type Tool,
} from "@modelcontextprotocol/sdk/types.js";
import type { App } from "../app.ts";
import { callOperation } from "../tools/call.ts";
import { operationsOfGroups } from "../tools/groups.ts";
import type { CallContext, Operation, ProgressReport } from "../tools/operation.ts";
import { inputSchemaOf, outputSchemaOf } from "../tools/published-schemas.ts";
import { askByForm, clientName } from "./ask-by-form.ts";
import { askByUrl } from "./ask-by-url.ts";
import { instructionsOf } from "./instructions.ts";
import { offerPrompts } from "./prompts.ts";
import { offerResources } from "./resources.ts";

export interface McpServerOptions {
  /** Ends the waiting of all calls; they answer with what is known by then. */
  closing?: AbortSignal;
  onProblem?: CallContext["onProblem"];
  /** Groups of operations to offer; default: those of the configuration. */
  groups?: readonly string[] | undefined;
  /** Told of messages that are not what the protocol asks for; default: `onProblem`. */
  onProtocolError?: (message: string, error: Error) => void;
  /** Told of each call that begins. */
  onCall?: (call: Promise<unknown>) => void;
  /** Fires when nobody can be told the answer of a call any more, though the connection goes on. */
  leftBy?: (call: RequestId) => AbortSignal | undefined;
  /** Told when the connection has ended. */
  onClose?: () => void;
}

/** One server for one connection: sharing one among clients has leaked answers between them. */
export function createMcpServer(app: App, options: McpServerOptions = {}): Server {
  const { closing, onProblem = () => {}, onProtocolError = onProblem, onCall = () => {}, leftBy, onClose } = options;
  const operations = operationsOfGroups(options.groups ?? app.config.mcp.groups);
  const server = new Server(
    { name: "savepoint", title: "Savepoint", version: app.version },
    {
      capabilities: { tools: {}, resources: { subscribe: true }, prompts: {} },
      instructions: instructionsOf(app, operations),
    },
  );
  const closed = new AbortController();
  server.onclose = () => {
    closed.abort();
    onClose?.();
  };
  server.onerror = (error) => onProtocolError(`protocol: ${error.message}`, error);

  let tools: Tool[] | undefined;
  server.setRequestHandler(ListToolsRequestSchema, () => {
    tools ??= operations.map(toTool);
    return { tools };
  });

  /** Over HTTP a question goes by the stream of the call that asks, while there is one. */
  const canBeAsked = (call: RequestId) => leftBy === undefined || leftBy(call) !== undefined;
  server.setRequestHandler(CallToolRequestSchema, (request, { signal, sendNotification, requestId }) => {
    const context: CallContext = {
      app,
      signal: closing === undefined ? signal : AbortSignal.any([signal, closing]),
      progress: progressSender(request, sendNotification),
      askByUrl: askByUrl(server, requestId, leftBy?.(requestId)),
      askByForm: canBeAsked(requestId) ? askByForm(server, requestId, leftBy?.(requestId)) : undefined,
      caller: clientName(server),
      offered: operations,
      onProblem,
    };
    const call = callTool(context, request);
    onCall(call);
    return call;
  });

  const ended = closing === undefined ? closed.signal : AbortSignal.any([closed.signal, closing]);
  offerResources(server, { app, onProblem }, ended);
  offerPrompts(server);
  return server;
}

async function callTool(context: CallContext, { params }: CallToolRequest): Promise<CallToolResult> {
  const outcome = await callOperation(context, params.name, params.arguments);
  return outcome.ok ? toResult(outcome.value) : toErrorResult({ error: outcome.error });
}

function toTool(operation: Operation): Tool {
  const { name, title, description, annotations } = operation;
  return {
    name,
    title,
    description,
    inputSchema: inputSchemaOf(operation) as Tool["inputSchema"],
    outputSchema: outputSchemaOf(operation) as Tool["outputSchema"],
    annotations: { title, ...annotations },
  };
}

/** Clients show the model either the text or the structure, so both hold everything. */
function toResult(value: Record<string, unknown>): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(value) }], structuredContent: value };
}

/** Without structure: clients compare it with the output schema even in errors. */
function toErrorResult(value: object): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(value) }], isError: true };
}

function progressSender(
  { params }: CallToolRequest,
  send: (notification: ServerNotification) => Promise<void>,
): ((report: ProgressReport) => void) | undefined {
  const progressToken = params._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  return ({ completed, message }) => {
    const notification = { progressToken, progress: completed, message };
    // A client that has gone is told nothing more; its call ends with the connection.
    send({ method: "notifications/progress", params: notification }).catch(() => {});
  };
}
