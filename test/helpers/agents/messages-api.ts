import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

type Block = { type: "text"; text: string } | { type: "tool_use"; name: string; input: Record<string, unknown> };

/** What the scripted model says to one request: blocks of a message, or an error of the API. */
type Reply = Block[] | { status: number; headers?: Record<string, string>; message: string };

interface ToolResult {
  text: string;
  /** The first of its blocks that is JSON. */
  json: Record<string, unknown> | undefined;
  isError: boolean;
}

export interface ModelTurn {
  /** How many answers of the model this conversation holds already. */
  turn: number;
  results: ToolResult[];
  /** The last words of the person, or of the program that stands in for one. */
  prompt: string;
  tools: string[];
}

interface ContentBlock {
  type: string;
  text?: string;
  content?: string | ContentBlock[];
  is_error?: boolean;
}

interface MessagesRequest {
  model: string;
  stream?: boolean;
  messages: { role: string; content: string | ContentBlock[] }[];
  tools?: { name: string }[];
}

export interface MessagesApi {
  url: string;
  /** The turns that were asked for, in order; requests without tools that only probe the API are not among them. */
  turns: ModelTurn[];
  /** Tokens of the answers that were given. */
  given: { requests: number; inputTokens: number; outputTokens: number };
  close(): Promise<void>;
}

export const tokensPerTurn = { input: 100, output: 20 };

/** A Messages API on loopback whose model is a function: for the real Claude Code, without a network and a model. */
export async function startMessagesApi(model: (turn: ModelTurn) => Reply | Promise<Reply>): Promise<MessagesApi> {
  const turns: ModelTurn[] = [];
  const given = { requests: 0, inputTokens: 0, outputTokens: 0 };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    if (request.method !== "POST" || !request.url?.startsWith("/v1/messages"))
      return void response.writeHead(404).end();
    if (request.url.includes("count_tokens")) return json(response, 200, { input_tokens: tokensPerTurn.input });
    const asked = JSON.parse(body) as MessagesRequest;
    const turn = turnOf(asked);
    turns.push(turn);
    const reply = await model(turn);
    if (!Array.isArray(reply)) return fail(response, reply);
    given.requests += 1;
    given.inputTokens += tokensPerTurn.input;
    given.outputTokens += tokensPerTurn.output;
    await answer(response, asked, reply);
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    turns,
    given,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function turnOf({ messages, tools = [] }: MessagesRequest): ModelTurn {
  const blocks = messages.flatMap(({ content }) => (typeof content === "string" ? [] : content));
  const said = messages.filter(({ role }) => role === "user").map(({ content }) => textOf(content));
  return {
    turn: messages.filter(({ role }) => role === "assistant").length,
    results: blocks.filter(({ type }) => type === "tool_result").map(toolResult),
    prompt: said.filter((text) => text !== "").at(-1) ?? "",
    tools: tools.map(({ name }) => name),
  };
}

function toolResult({ content = "", is_error: isError = false }: ContentBlock): ToolResult {
  const texts = (typeof content === "string" ? [content] : content.map(({ text = "" }) => text)).map(withoutReminders);
  return { text: texts.join("\n"), json: texts.map(parsed).find((value) => value !== undefined), isError };
}

function textOf(content: string | ContentBlock[]): string {
  if (typeof content === "string") return withoutReminders(content);
  const text = content.flatMap(({ type, text }) => (type === "text" && text !== undefined ? [text] : [])).join("\n");
  return withoutReminders(text);
}

/** Claude Code tells its model more than people and tools said. */
function withoutReminders(text: string): string {
  return text.replaceAll(/<system-reminder>.*?<\/system-reminder>/gs, "").trim();
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function fail(response: ServerResponse, { status, headers = {}, message }: Exclude<Reply, Block[]>): void {
  const type = status === 429 ? "rate_limit_error" : status === 529 ? "overloaded_error" : "api_error";
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  json(response, status, { type: "error", error: { type, message } });
}

async function answer(response: ServerResponse, { model, stream }: MessagesRequest, reply: Block[]): Promise<void> {
  const content = reply.map((block) =>
    block.type === "text" ? block : { ...block, id: `toolu_${randomUUID().replaceAll("-", "").slice(0, 24)}` },
  );
  const message = {
    id: `msg_${randomUUID().replaceAll("-", "").slice(0, 24)}`,
    type: "message",
    role: "assistant",
    model,
    content,
    stop_reason: content.some(({ type }) => type === "tool_use") ? "tool_use" : "end_turn",
    stop_sequence: null,
    usage: { input_tokens: tokensPerTurn.input, output_tokens: tokensPerTurn.output },
  };
  if (stream !== true) return json(response, 200, message);
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (type: string, data: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  send("message_start", {
    message: { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } },
  });
  for (const [index, block] of content.entries()) {
    send("content_block_start", {
      index,
      content_block: block.type === "text" ? { ...block, text: "" } : { ...block, input: {} },
    });
    const delta =
      block.type === "text"
        ? { type: "text_delta", text: block.text }
        : { type: "input_json_delta", partial_json: JSON.stringify(block.input) };
    send("content_block_delta", { index, delta });
    send("content_block_stop", { index });
    await sleep(1);
  }
  const { stop_reason, usage } = message;
  send("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: usage.output_tokens } });
  send("message_stop", {});
  response.end();
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
