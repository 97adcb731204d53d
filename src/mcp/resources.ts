import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  ErrorCode,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  type ReadResourceResult,
  type Resource,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { callOperation } from "../tools/call.ts";
import type { CallContext } from "../tools/operation.ts";
import { definitionResources, readDefinitionResource } from "./definition-resources.ts";
import { Subscriptions } from "./subscriptions.ts";

const executionScheme = "execution://";
const artifactScheme = "artifact://";
const json = "application/json";
/** The most that `artifacts_get` shows at once. */
const longestText = 100_000;

const templates = [
  {
    uriTemplate: `${executionScheme}{execution_id}`,
    name: "execution",
    title: "An execution",
    description: "Status, result or failure, pending waits and checkpoints, as executions_get shows them in full.",
    mimeType: json,
  },
  {
    uriTemplate: `${artifactScheme}{artifact_id}`,
    name: "artifact",
    title: "An artifact",
    description: "What an execution saved, or a checkpoint's output; artifacts_list shows the ids.",
  },
];

/**
 * How definitions are written, executions and artifacts as resources, for clients that let a person pick them. They are read through the operations,
 * so that they show the same as the tools do.
 * @param context without a signal: what is read waits for nothing
 */
export function offerResources(server: Server, context: Omit<CallContext, "signal">, closed: AbortSignal): void {
  const call = (name: string, args: object) => answerOf({ ...context, signal: closed }, name, args);
  const subscriptions = new Subscriptions(context.app, closed, (uri) => server.sendResourceUpdated({ uri }));

  server.setRequestHandler(ListResourcesRequestSchema, async ({ params }) => {
    const list = await call("executions_list", params?.cursor === undefined ? {} : { cursor: params.cursor });
    const items = list["items"] as ExecutionItem[];
    const nextCursor = list["next_cursor"];
    return {
      resources: [...(params?.cursor === undefined ? definitionResources : []), ...items.map(toResource)],
      ...(typeof nextCursor === "string" && { nextCursor }),
    };
  });

  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: templates }));

  server.setRequestHandler(ReadResourceRequestSchema, async ({ params: { uri } }): Promise<ReadResourceResult> => {
    const known = readDefinitionResource(uri);
    if (known !== undefined) return known;
    const { kind, id } = parse(uri);
    if (kind === "artifact") return { contents: [artifactContent(uri, await readArtifact(call, id))] };
    const execution = await call("executions_get", { execution_id: id, detail: "full" });
    return { contents: [{ uri, mimeType: json, text: JSON.stringify(execution) }] };
  });

  server.setRequestHandler(SubscribeRequestSchema, async ({ params: { uri } }) => {
    const { kind, id } = parse(uri);
    if (kind === "artifact") await readArtifact(call, id);
    else subscriptions.add(uri, String((await call("executions_get", { execution_id: id }))["execution_id"]));
    return {};
  });

  server.setRequestHandler(UnsubscribeRequestSchema, ({ params: { uri } }) => {
    subscriptions.remove(uri);
    return {};
  });
}

interface ExecutionItem {
  execution_id: string;
  workflow: string;
  status: string;
  created_at: string;
}

function toResource({ execution_id: id, workflow, status, created_at: at }: ExecutionItem): Resource {
  const uri = `${executionScheme}${id}`;
  return { uri, name: id, title: `${workflow} (${status})`, description: `Created ${at}`, mimeType: json };
}

function readArtifact(call: (name: string, args: object) => Promise<Record<string, unknown>>, id: string) {
  return call("artifacts_get", { artifact_id: id, max_chars: longestText });
}

function artifactContent(uri: string, answer: Record<string, unknown>): ReadResourceResult["contents"][number] {
  const { artifact, encoding, value, text } = answer as {
    artifact: { content_type: string };
    encoding: string;
    value?: unknown;
    text?: string;
  };
  const mimeType = artifact.content_type;
  if (encoding === "base64" && text !== undefined) return { uri, mimeType, blob: text };
  return { uri, mimeType, text: text ?? JSON.stringify(value) };
}

function parse(uri: string): { kind: "execution" | "artifact"; id: string } {
  for (const [scheme, kind] of [
    [executionScheme, "execution"],
    [artifactScheme, "artifact"],
  ] as const) {
    if (uri.startsWith(scheme)) return { kind, id: uri.slice(scheme.length) };
  }
  throw new McpError(ErrorCode.InvalidParams, `there is no resource ${JSON.stringify(uri.slice(0, 200))}`, {
    hint: `Resources are ${[...templates.map(({ uriTemplate }) => uriTemplate), ...definitionResources.map(({ uri: one }) => one)].join(", ")}.`,
  });
}

async function answerOf(context: CallContext, name: string, args: object): Promise<Record<string, unknown>> {
  const outcome = await callOperation(context, name, args);
  if (outcome.ok) return outcome.value;
  const { code, message, hint } = outcome.error;
  const rpcCode = code === "internal" || code === "unavailable" ? ErrorCode.InternalError : ErrorCode.InvalidParams;
  throw new McpError(rpcCode, message, { code, hint });
}
