import type { Hono } from "hono";
import { createHttpApp } from "../../src/http/http-app.ts";
import type { HttpServices } from "../../src/http/services.ts";
import { openToken, type Token } from "../../src/http/token.ts";
import { HttpSessions, type HttpSessionsOptions } from "../../src/mcp/http-sessions.ts";
import type { CallError } from "../../src/tools/call-error.ts";
import { ToolProject } from "../tools/project.ts";

interface TestServerOptions extends Partial<Pick<HttpServices, "boundHost" | "keepAliveMs">> {
  files?: Record<string, string>;
  sessions?: Partial<HttpSessionsOptions>;
}

export type TestRequest = Omit<RequestInit, "headers"> & { headers?: Readonly<Record<string, string | null>> };

interface Parts {
  hono: Hono;
  token: Token;
  sessions: HttpSessions;
  closing: AbortController;
  problems: string[];
}

/** The whole HTTP surface on a real project, without a socket. */
export class TestServer {
  readonly project: ToolProject;
  readonly #parts: Parts;

  private constructor(project: ToolProject, parts: Parts) {
    this.project = project;
    this.#parts = parts;
  }

  static async open({ files = {}, sessions: changed, ...options }: TestServerOptions = {}): Promise<TestServer> {
    const project = new ToolProject(files);
    const app = await project.app();
    const { http, stateFolder } = app.config;
    const token = openToken(stateFolder, () => {});
    const problems: string[] = [];
    const onProblem = (message: string) => void problems.push(message);
    const closing = new AbortController();
    const sessions = new HttpSessions(app, {
      max: http.maxSessions,
      idleMs: http.sessionIdleMs,
      closing: closing.signal,
      onProblem,
      onProtocolError: () => {},
      ...changed,
    });
    const services = { app, token, sessions, boundHost: "127.0.0.1", closing: closing.signal, onProblem, ...options };
    return new TestServer(project, { hono: createHttpApp(services), token, sessions, closing, problems });
  }

  /** What the server told its log. */
  get problems(): readonly string[] {
    return this.#parts.problems;
  }

  get closing(): AbortController {
    return this.#parts.closing;
  }

  get token(): string {
    return this.#parts.token.text;
  }

  get sessions(): HttpSessions {
    return this.#parts.sessions;
  }

  /** As a client asks that has the token; headers that are given as null are left out. */
  async request(path: string, init: TestRequest = {}): Promise<Response> {
    const usual = { host: "127.0.0.1:7420", authorization: `Bearer ${this.token}` };
    const headers = Object.entries({ ...usual, ...init.headers }).filter(
      (entry): entry is [string, string] => entry[1] !== null,
    );
    return this.#parts.hono.request(path, { ...init, headers });
  }

  async get<T = Record<string, unknown>>(path: string, status = 200): Promise<T> {
    return bodyOf<T>(await this.request(path), status);
  }

  async post<T = Record<string, unknown>>(path: string, body: unknown, status = 200): Promise<T> {
    return bodyOf<T>(await this.request(path, json(body)), status);
  }

  /** The error of a request that is to fail. */
  async error(path: string, init?: TestRequest): Promise<CallError & { status: number }> {
    const response = await this.request(path, init);
    const { error } = (await response.json()) as { error: CallError };
    return { ...error, status: response.status };
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.sessions.close();
    await this.project.close();
  }
}

export function json(body: unknown, method = "POST") {
  return { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

async function bodyOf<T>(response: Response, status: number): Promise<T> {
  const text = await response.text();
  if (response.status !== status) throw new Error(`${response.status}: ${text}`);
  return JSON.parse(text) as T;
}
