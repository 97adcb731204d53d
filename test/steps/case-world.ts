import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Connections, createConnections } from "../../src/connections/connections.ts";
import { UserError } from "../../src/core/errors.ts";
import { compileJsonSchema } from "../../src/core/json-schema.ts";
import { validateDefinition } from "../../src/definitions/validate.ts";
import { type Flow, flowBrand } from "../../src/flows/flow.ts";
import { interpreted } from "../../src/steps/interpreter.ts";
import type { StepFunctions, StepPorts } from "../../src/steps/ports.ts";
import { byContent, failing, type MockModel, type MockReply, mockModel } from "../../src/testing/testing.ts";
import { stdioServer } from "../helpers/connections/connections.ts";
import type { RunCase } from "./case-file.ts";

/** What surrounds the definition of one run of a case. */
export interface CaseWorld {
  folder: string;
  flow: Flow<unknown, unknown>;
  flows: Flow<unknown, unknown>[];
  models: Record<string, MockModel>;
  requests: Record<string, unknown>[];
  close(): Promise<void>;
}

export async function openWorld(given: RunCase): Promise<CaseWorld> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "savepoint-case-")));
  for (const [name, text] of Object.entries(given.files)) write(folder, name, text);
  const http = Object.keys(given.http).length === 0 ? undefined : await openServer(given.http);
  if (given.hasServer) write(folder, ".mcp.json", JSON.stringify({ mcpServers: { local: stdioServer() } }));
  const connections = createConnections({
    projectRoot: folder,
    env: { PATH: process.env["PATH"], HOME: folder },
    protection: { learn: () => {} },
  });
  const functions = await modulesOf(given.functions);
  const texts = [{ path: given.file, text: given.definition }];
  for (const [at, text] of given.workflows.entries()) texts.push({ path: `other-${at}.yaml`, text });
  const ports = portsOf({ folder, env: given.env, connections, flows: () => flows });
  const flows = texts.map(({ path, text }) =>
    asFlow({ path, text: text.replaceAll("SERVER", http?.address ?? "SERVER") }, { ports, functions }),
  );
  const [flow] = flows;
  if (flow === undefined) throw new Error("a case has a definition");
  return {
    folder,
    flow,
    flows,
    models: Object.fromEntries(Object.entries(given.models).map(([step, reply]) => [step, modelOf(reply)])),
    requests: http?.requests ?? [],
    async close() {
      await connections.close();
      await http?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function write(folder: string, name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

/** @throws Error that holds the problems */
function asFlow(
  source: { path: string; text: string },
  parts: { ports: StepPorts; functions: StepFunctions },
): Flow<unknown, unknown> {
  const { definition, problems } = validateDefinition(source);
  const wrong = problems.filter(({ severity }) => severity === "error");
  if (definition === undefined) throw new Error(JSON.stringify(wrong, null, 1));
  return Object.assign(() => {}, {
    flowName: definition.name,
    [flowBrand]: interpreted(definition, parts),
  }) as unknown as Flow<unknown, unknown>;
}

function portsOf({
  folder,
  env,
  connections,
  flows,
}: {
  folder: string;
  env: Record<string, string>;
  connections: Connections;
  flows(): readonly Flow<unknown, unknown>[];
}): StepPorts {
  return {
    projectRoot: folder,
    env: { PATH: process.env["PATH"], HOME: folder, ...env },
    fetch: globalThis.fetch,
    connections,
    agentServers: () => ({ servers: {}, variables: [] }),
    answerLink: () => undefined,
    redact: (text) => text,
    async locateWorkflow(target, input) {
      const definition = flows().find(({ flowName }) => flowName === target)?.[flowBrand];
      if (definition === undefined) throw new UserError("not_found", `there is no workflow ${target}`);
      const { inputSchema } = definition.describe();
      const problems = inputSchema === null ? [] : compileJsonSchema(inputSchema)(input);
      if (problems.length > 0) throw new UserError("invalid_input", `the input does not fit: ${problems.join("; ")}`);
      const { timeoutMs, limits } = definition;
      return { name: target, target: `test:${target}`, version: "test 1", timeoutMs, limits };
    },
  };
}

async function modulesOf(texts: Readonly<Record<string, string>>): Promise<StepFunctions> {
  const modules: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const [name, text] of Object.entries(texts)) {
    modules[name] = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(text)}`);
  }
  return modules;
}

function modelOf(reply: unknown): MockModel {
  if (isRecord(reply) && Array.isArray(reply["$inTurn"])) return mockModel(reply["$inTurn"].map(replyOf));
  return mockModel(replyOf(reply));
}

function replyOf(reply: unknown): MockReply {
  if (!isRecord(reply)) return reply as MockReply;
  if (typeof reply["$fails"] === "number") return failing({ status: reply["$fails"] });
  if (!isRecord(reply["$byContent"])) return reply;
  const replies = Object.entries(reply["$byContent"]).map(([word, one]) => [word, replyOf(one)]);
  return byContent(Object.fromEntries(replies));
}

async function openServer(routes: RunCase["http"]) {
  const requests: Record<string, unknown>[] = [];
  const counts = new Map<string, number>();
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const key = `${request.method} ${request.url}`;
    requests.push({ request: key, headers: request.headers, body: await bodyOf(request) });
    const route = routes[key];
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    const { status, headers, body } = (Array.isArray(route) ? route[count] : route) ?? notFound;
    const text = typeof body === "string" ? body : JSON.stringify(body ?? null);
    const type = typeof body === "string" ? "text/plain" : "application/json";
    response.writeHead(status, { "content-type": type, ...headers }).end(text);
  };
  const server: Server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { address, requests, close };
}

const notFound = { status: 404, headers: {}, body: "there is nothing" };

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
