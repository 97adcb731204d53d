import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type Refusal, type Reply, recordOf, type Step, type Wire, type WireEvent, type WireRequest } from "./wire.ts";

/** What is answered, or how that follows from the request: where requests come at the same time. */
export type ScriptStep = Step | ((body: Record<string, unknown>) => Step);

export interface ScriptedModel {
  /** As a provider's client takes it. */
  baseUrl: string;
  requests: { path: string; headers: IncomingHttpHeaders; body: Record<string, unknown>; asked: WireRequest }[];
  /** Appends to what it will answer; the last step is repeated. */
  play(...steps: ScriptStep[]): void;
  /** Resolves when so many requests have come. */
  asked(count: number): Promise<void>;
  /** How many of its requests the client has broken off. */
  broken(): number;
  close(): Promise<void>;
}

/** A server on loopback that speaks a provider's protocol and answers by a script. */
export async function startScriptedModel(wire: Wire, ...script: ScriptStep[]): Promise<ScriptedModel> {
  const steps = [...script];
  const requests: ScriptedModel["requests"] = [];
  let broken = 0;
  const server = createServer((request, response) => {
    response.on("close", () => {
      if (!response.writableFinished) broken++;
    });
    serve(request, response).catch((error) => response.destroy(error));
  });
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = recordOf(JSON.parse(await bodyOf(request)));
    const path = request.url ?? "";
    requests.push({ path, headers: request.headers, body, asked: wire.read(body, path) });
    const next = steps.length > 1 ? steps.shift() : steps[0];
    const step = typeof next === "function" ? next(body) : next;
    if (!path.startsWith(wire.basePath + wire.path)) return refuse(wire, response, noSuchPath(path));
    if (step === undefined || step === "silence") return;
    if ("status" in step) return refuse(wire, response, step);
    await answer(wire, response, { reply: step, body });
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}${wire.basePath}`,
    requests,
    play: (...more) => void steps.push(...more),
    async asked(count) {
      while (requests.length < count) await pause(2);
    },
    broken: () => broken,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function noSuchPath(path: string): Refusal {
  return { status: 404, message: `no such path: ${path}` };
}

function refuse(wire: Wire, response: ServerResponse, refusal: Refusal): void {
  response.writeHead(refusal.status, { "content-type": "application/json", ...refusal.headers });
  response.end(JSON.stringify(refusal.body ?? wire.error(refusal)));
}

async function answer(
  wire: Wire,
  response: ServerResponse,
  { reply, body }: { reply: Reply; body: Record<string, unknown> },
): Promise<void> {
  const { head, pieces, tail } = wire.reply(reply, body);
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of head) response.write(written(event));
  for (const event of pieces) {
    response.write(written(event));
    if (reply.pauseMs !== undefined) await pause(reply.pauseMs);
  }
  if (reply.fails !== undefined) {
    response.end(written(wire.failure(reply.fails)));
    return;
  }
  switch (reply.afterwards) {
    case "silence":
      return;
    case "reset":
      // What was written must be on its way first.
      await pause(20);
      response.socket?.resetAndDestroy();
      return;
    case "close":
      response.end();
      return;
    default:
      for (const event of tail) response.write(written(event));
      response.end();
  }
}

function written({ event, data }: WireEvent): string {
  const name = event === undefined ? "" : `event: ${event}\n`;
  return `${name}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
